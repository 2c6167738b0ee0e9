#include "phonofilm/train/trainer.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/random.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/train/gradients.h"
#include "phonofilm/train/optimizer.h"
#include "phonofilm/train/tasks.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

using namespace phonofilm;
using nlohmann::json;

namespace {

struct Regressor : nn::Module {
  nn::Linear hidden{*this, "hidden", 16, 32}, out{*this, "out", 32, 16};
  Regressor() { initialise(3); }
  Tensor forward(const Tensor& x, const nn::RunContext& run) const { return out.forward(at::tanh(hidden.forward(x, run)), run); }
};

// Learns sin(x); step `poison` gives a loss that is not a number.
class SineTask : public train::Task {
 public:
  explicit SineTask(std::int64_t poison = -1) : poison_(poison) {}
  std::string name() const override { return "sine"; }
  nn::Module& model() override { return model_; }
  train::Batch batch(std::uint64_t seed, std::int64_t step) const override {
    return {{"x", randn({8, 16}, make_generator(mix_seed(seed, "x", std::uint64_t(step))))}};
  }
  train::StepLoss loss(const train::Batch& batch, std::uint64_t seed, std::int64_t step, const nn::RunContext& run) override {
    const Tensor& x = batch.at("x");
    const Tensor noise = randn(x.sizes().vec(), make_generator(mix_seed(seed, "noise", std::uint64_t(step))));
    Tensor loss = at::mse_loss(model_.forward(x, run).to(at::kFloat), at::sin(x) + 0.01 * noise);
    if (step == poison_) loss = loss * std::numeric_limits<double>::quiet_NaN();
    return {loss, {{"mse", loss.item<double>()}}};
  }
  std::map<std::string, double> validate(const nn::RunContext&) override { return {{"figure", 1}}; }
  void write_samples(const std::string& folder, std::int64_t step, const nn::RunContext&) override {
    write_file_atomically(folder + "/step" + std::to_string(step), "sample");
  }
  void export_model(const std::string& folder) const override {
    make_folder(folder);
    weights::save_safetensors(folder + "/model.safetensors", model_.state_dict());
  }

 private:
  Regressor model_;
  std::int64_t poison_;
};

train::Recipe recipe(const std::string& optimizer, std::int64_t steps = 12) {
  return train::parse_recipe({{"task", "sine"}, {"steps", steps}, {"shards", 2}, {"threads", 1}, {"checkpoint_every", 4},
                              {"validate_every", 5}, {"sample_every", 6}, {"log_every", 1},
                              {"optimizer", {{"name", optimizer}, {"lr", 0.01}}}, {"schedule", {{"warmup", 3}}}},
                             "test");
}

// The complete state as bytes: weights, averages, optimizer, step.
std::string state_of(const std::string& folder) { return read_file(folder + "/checkpoint.safetensors"); }

std::string run(const std::string& folder, const train::Recipe& recipe, const std::vector<std::int64_t>& stops) {
  for (const std::int64_t stop : stops) {
    SineTask task;
    train::train(task, recipe, {folder, /*resume=*/true, stop, ignore_progress});
  }
  return state_of(folder);
}

}  // namespace

TEST_CASE("a run interrupted at any step continues bit-identically") {
  for (const std::string optimizer : {"adamw", "muon"}) {
    CAPTURE(optimizer);
    const test::TemporaryFolder folder;
    const std::string straight = run(folder.file("straight"), recipe(optimizer), {12});
    for (const std::int64_t stop : {1, 4, 5, 11}) {
      CAPTURE(stop);
      CHECK(run(folder.file("stop" + std::to_string(stop)), recipe(optimizer), {stop, 12}) == straight);
    }
    CHECK(run(folder.file("often"), recipe(optimizer), {2, 3, 7, 12}) == straight);
    CHECK(read_file(folder.file("stop5/model/model.safetensors")) == read_file(folder.file("straight/model/model.safetensors")));
  }
}

TEST_CASE("without averages none are kept, and a run goes on all the same") {
  const test::TemporaryFolder folder;
  train::Recipe plain = recipe("adamw");
  plain.run.ema = 0;
  const std::string straight = run(folder.file("straight"), plain, {12});
  CHECK(run(folder.file("stopped"), plain, {5, 12}) == straight);
  const auto kept = weights::SafetensorsFile::open(folder.file("straight/checkpoint.safetensors"));
  const auto exported = weights::SafetensorsFile::open(folder.file("straight/model/model.safetensors"));
  for (const auto& [name, value] : kept.tensors()) CHECK_FALSE(name.starts_with("ema."));
  for (const auto& [name, value] : exported.tensors()) CHECK(at::equal(value, kept.at("model." + name)));
}

TEST_CASE("cancelling keeps a checkpoint to go on from") {
  const test::TemporaryFolder folder;
  SineTask task;
  const Observer stop_at_seven = [](const ProgressEvent& event) { return event.done < 7; };
  CHECK_THROWS_AS(train::train(task, recipe("adamw"), {folder.file("a"), true, 0, stop_at_seven}), Cancelled);
  CHECK(run(folder.file("a"), recipe("adamw"), {12}) == run(folder.file("b"), recipe("adamw"), {12}));
}

TEST_CASE("steps that are not finite are skipped and counted") {
  const test::TemporaryFolder folder;
  SineTask task(/*poison=*/5);
  const train::TrainResult result = train::train(task, recipe("adamw"), {folder.file("a"), false, 0, ignore_progress});
  CHECK(result.skipped == 1);
  CHECK(result.steps == 12);
  for (const auto& [name, p] : task.model().named_parameters()) CHECK(at::isfinite(p).all().item<bool>());
}

TEST_CASE("training reduces the loss, and its log can be read") {
  const test::TemporaryFolder folder;
  SineTask task;
  train::train(task, recipe("muon", 200), {folder.file("a"), false, 0, ignore_progress});
  std::ifstream lines(folder.file("a/metrics.jsonl"));
  std::vector<double> losses;
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line);
    if (entry.contains("loss")) losses.push_back(entry["loss"]);
  }
  REQUIRE(losses.size() == 200);
  CHECK(losses.back() < 0.3 * losses.front());
  CHECK(std::filesystem::exists(folder.file("a/samples/step6")));
}

TEST_CASE("a folder of another run is refused, with and without --resume") {
  const test::TemporaryFolder folder;
  run(folder.file("a"), recipe("adamw"), {4});
  SineTask task;
  CHECK_THROWS_AS(train::train(task, recipe("muon"), {folder.file("a"), true, 0, ignore_progress}), InvalidRequest);
  CHECK_THROWS_AS(train::train(task, recipe("adamw"), {folder.file("a"), false, 0, ignore_progress}), InvalidRequest);
  // Before a task is made, and told what differs.
  CHECK_THROWS_WITH_AS(train::check_folder(recipe("muon", 24), folder.file("a"), true),
                       doctest::Contains("(/optimizer/name \"adamw\", now \"muon\"; /steps 12, now 24)"), InvalidRequest);
  CHECK_THROWS_WITH_AS(train::check_folder(recipe("adamw"), folder.file("a"), false), doctest::Contains("--resume"),
                       InvalidRequest);
  CHECK_NOTHROW(train::check_folder(recipe("adamw"), folder.file("a"), true));
  CHECK_NOTHROW(train::check_folder(recipe("adamw"), folder.file("b"), false));
}

TEST_CASE("a damaged checkpoint is a clear error") {
  const test::TemporaryFolder folder;
  const std::string good = run(folder.file("a"), recipe("adamw"), {4});
  write_file_atomically(folder.file("a/checkpoint.safetensors"), good.substr(0, good.size() / 2));
  SineTask task;
  CHECK_THROWS_WITH_AS(train::train(task, recipe("adamw"), {folder.file("a"), true, 0, ignore_progress}),
                       doctest::Contains("truncated"), CheckpointError);
}

TEST_CASE("shards give the mean of their gradients") {
  SineTask task;
  task.model().require_grad(true);
  const auto parameters = task.model().named_parameters();
  const train::Batch batch = task.batch(1, 0);
  train::compute_gradients(task, batch, 1, 0, {}, parameters, 2);
  std::vector<Tensor> sharded;
  for (const auto& [name, p] : parameters) sharded.push_back(p.grad().clone());
  // The same by hand: each half with the seed of its shard.
  Tensor expected;
  for (std::uint64_t shard = 0; shard < 2; ++shard) {
    for (const auto& [name, p] : parameters) p.mutable_grad() = Tensor();
    const train::Batch half{{"x", batch.at("x").narrow(0, std::int64_t(shard) * 4, 4)}};
    task.loss(half, mix_seed(1, "shard", shard), 0, {}).total.backward();
    const Tensor gradient = parameters[0].second.grad() / 2;
    expected = expected.defined() ? expected + gradient : gradient;
  }
  test::expect_close(sharded[0], expected, 1e-6);
}

TEST_CASE("parameters that a batch does not reach stay as they are, with either optimizer") {
  for (const char* name : {"adamw", "muon"}) {
    CAPTURE(name);
    const Tensor met = at::full({16, 16}, 0.5).requires_grad_(), missed = at::full({16, 16}, 0.5).requires_grad_();
    const nn::Module::NamedTensors parameters{{"met", met}, {"missed", missed}};
    const auto optimizer = train::make_optimizer({.name = name, .lr = 0.1, .muon_lr = 0.1}, parameters);
    const auto step = [&](bool both) {
      met.mutable_grad() = at::ones({16, 16});
      missed.mutable_grad() = both ? at::ones({16, 16}) : Tensor();
      CHECK(train::clip_gradients(parameters, 0) == doctest::Approx(both ? std::sqrt(512.0) : 16));
      optimizer->step(1);
    };
    step(true);
    CHECK(at::equal(met, missed));
    const Tensor before = missed.detach().clone(), met_before = met.detach().clone();
    step(false);
    CHECK(at::equal(missed, before));
    CHECK(!at::equal(met, met_before));
  }
}

TEST_CASE("recipes refuse what they do not know") {
  CHECK_THROWS_WITH_AS(train::parse_recipe({{"task", "joint"}, {"stepz", 3}}, "r.json"), doctest::Contains("steps"), InvalidRequest);
  CHECK_THROWS_AS(train::parse_recipe({{"steps", 3}}, "r.json"), InvalidRequest);
  CHECK_THROWS_WITH_AS(train::make_task(train::parse_recipe({{"task", "jiont"}}, "r.json"), {}, ignore_progress),
                       doctest::Contains("did you mean 'joint'"), InvalidRequest);
}
