#include "phonofilm/train/trainer.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/batch_queue.h"
#include "phonofilm/train/gradients.h"
#include "phonofilm/train/lr_schedule.h"
#include "phonofilm/train/metrics_log.h"
#include "phonofilm/train/train_state.h"

namespace phonofilm::train {
namespace {

using Clock = std::chrono::steady_clock;

// What must be equal for a run to be continued; how often it reports may change.
std::string fingerprint(Recipe recipe) {
  nlohmann::json run = write_json(recipe.run.fields());
  for (const char* key : {"validate_every", "sample_every", "checkpoint_every", "log_every", "batch_threads", "threads"}) {
    run.erase(key);
  }
  run["optimizer"] = write_json(recipe.optimizer.fields());
  run["schedule"] = write_json(recipe.schedule.fields());
  run["options"] = *recipe.options;
  return run.dump();
}

std::string checkpoint_in(const std::string& folder) { return folder + "/checkpoint.safetensors"; }

class Run {
 public:
  Run(Task& task, const Recipe& recipe, const TrainOptions& options)
      : task_(task), recipe_(recipe), options_(options), seed_(std::uint64_t(recipe.run.seed)),
        checkpoint_(checkpoint_in(options.folder)), fingerprint_(fingerprint(recipe)) {
    check_folder(recipe, options.folder, options.resume);
    make_folder(options.folder + "/samples");
    context_.dtype = recipe.run.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat;
    context_.attention = nn::AttentionBackend::explicit_;
    if (recipe.run.threads > 0) at::set_num_threads(int(recipe.run.threads));
    task.model().require_grad(true);
    state_.parameters = task.model().named_parameters();
    state_.optimizer = make_optimizer(recipe.optimizer, state_.parameters, recipe.run.shards);
    state_.ema = Ema(state_.parameters, recipe.run.ema);
    if (std::filesystem::exists(checkpoint_)) load_state(checkpoint_, state_, fingerprint_);
  }

  TrainResult operator()() {
    const std::int64_t steps = recipe_.run.steps;
    const std::int64_t stop = options_.stop_after > 0 ? std::min(options_.stop_after, steps) : steps;
    BatchQueue queue(task_, seed_, state_.step, stop, recipe_.run.batch_threads);
    MetricsLog log(options_.folder, state_.step);
    started_ = Clock::now();
    while (state_.step < stop) {
      take_step(queue.take(state_.step), log);
      ++state_.step;
      report(log);
    }
    save();
    TrainResult result{state_.step, state_.skipped, {}};
    if (state_.step == steps) result.validation = finish();
    return result;
  }

 private:
  void take_step(const Batch& batch, MetricsLog& log) {
    const StepLoss loss = compute_gradients(task_, batch, seed_, state_.step, context_, state_.parameters, recipe_.run.shards);
    const double norm = clip_gradients(state_.parameters, recipe_.optimizer.clip);
    const double value = loss.total.item<double>(), factor = lr_factor(recipe_.schedule, state_.step, recipe_.run.steps);
    if (std::isfinite(norm) && std::isfinite(value)) {
      const at::NoGradGuard no_grad;
      state_.optimizer->step(factor);
      state_.ema.update(state_.parameters, state_.step - state_.skipped + 1);
    } else {
      ++state_.skipped;
    }
    smooth_loss_ = std::isfinite(value) ? (smooth_loss_ == 0 ? value : 0.98 * smooth_loss_ + 0.02 * value) : smooth_loss_;
    if ((state_.step + 1) % recipe_.run.log_every == 0) {
      std::map<std::string, double> figures = loss.parts;
      figures["loss"] = value;
      figures["gradient_norm"] = norm;
      figures["lr_factor"] = factor;
      figures["skipped"] = double(state_.skipped);
      figures["seconds"] = std::chrono::duration<double>(Clock::now() - started_).count();
      log.write(state_.step, figures);
    }
  }

  // Called with state_.step already advanced: the number of steps done.
  void report(MetricsLog& log) {
    const std::int64_t done = state_.step;
    const bool last = done == recipe_.run.steps;
    if (!last && done % recipe_.run.validate_every == 0) log.write(done - 1, validate());
    if (!last && done % recipe_.run.sample_every == 0) write_samples();
    if (done % recipe_.run.checkpoint_every == 0) save();
    const std::string detail = concat("loss ", std::round(smooth_loss_ * 1e4) / 1e4, state_.skipped > 0 ? concat(", skipped ", state_.skipped) : "");
    if (!options_.observer({"train " + task_.name(), done, recipe_.run.steps, detail})) {
      save();
      throw Cancelled("train", concat("stopped after step ", done, "; --resume goes on from there"));
    }
  }

  std::map<std::string, double> validate() {
    const at::NoGradGuard no_grad;
    state_.ema.swap(state_.parameters);
    const std::map<std::string, double> figures = task_.validate(inference_context());
    state_.ema.swap(state_.parameters);
    std::map<std::string, double> named;
    for (const auto& [name, value] : figures) named["validation_" + name] = value;
    return named;
  }

  void write_samples() {
    const at::NoGradGuard no_grad;
    state_.ema.swap(state_.parameters);
    task_.write_samples(options_.folder + "/samples", state_.step, inference_context());
    state_.ema.swap(state_.parameters);
  }

  std::map<std::string, double> finish() {
    const at::NoGradGuard no_grad;
    state_.ema.swap(state_.parameters);
    const std::map<std::string, double> figures = task_.validate(inference_context());
    task_.write_samples(options_.folder + "/samples", state_.step, inference_context());
    task_.export_model(options_.folder + "/model");
    state_.ema.swap(state_.parameters);
    save_json(options_.folder + "/validation.json", figures);
    return figures;
  }

  nn::RunContext inference_context() const { return {context_.dtype, nn::AttentionBackend::fused}; }
  void save() const { save_state(checkpoint_, state_, fingerprint_); }

  Task& task_;
  const Recipe& recipe_;
  const TrainOptions& options_;
  const std::uint64_t seed_;
  const std::string checkpoint_, fingerprint_;
  nn::RunContext context_;
  TrainState state_;
  Clock::time_point started_;
  double smooth_loss_ = 0;
};

}  // namespace

void check_folder(const Recipe& recipe, const std::string& folder, bool resume) {
  const std::string checkpoint = checkpoint_in(folder);
  if (!std::filesystem::exists(checkpoint)) return;
  PF_CHECK(resume, InvalidRequest, "train", folder,
           ": holds a run already; pass --resume to go on with it, or choose another folder");
  check_recipe(checkpoint, fingerprint(recipe));
}

TrainResult train(Task& task, const Recipe& recipe, const TrainOptions& options) { return Run(task, recipe, options)(); }

}  // namespace phonofilm::train
