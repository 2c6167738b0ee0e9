#include <memory>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/log.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/compute.h"
#include "phonofilm/cli/find_model.h"
#include "phonofilm/cli/interrupt.h"
#include "phonofilm/cli/lab_figures.h"
#include "phonofilm/cli/world_films.h"
#include "phonofilm/families/registry.h"

namespace phonofilm::cli {
namespace {

struct GuidanceOptions {
  std::string model, out = "out/lab/guidance", scene = "impacts";
  std::vector<double> align{0, 1, 2, 3, 5}, text{1, 2, 3, 4, 5, 6};
  std::int64_t seeds = 2, count = 16, steps = 0;
  Fields fields() {
    return {{"align", &align, "alignment guidances, each with the model's own text guidance", 0.0, 100.0},
            {"text", &text, "text guidances, each with the model's own alignment guidance", 0.0, 100.0},
            {"seeds", &seeds, "sets of held-out films, with seeds from 1 on", 1.0, 1000.0},
            {"count", &count, "films of each set", 2.0, 10000.0},
            {"steps", &steps, "sampling steps; 0: the model's", 0.0, 1000.0},
            {"scene", &scene, "of falling balls", {}, {}, {"impacts", "hard_impacts", "one_ball"}}};
  }
};

// One way of sampling.
struct Setting {
  std::string name;  // "align 2"
  pipeline::GenerateRequest request;
};

std::string named(const char* kind, double value) {
  const std::string text = nlohmann::json(value).dump();
  return concat(kind, " ", text.ends_with(".0") ? text.substr(0, text.size() - 2) : text);
}

std::vector<Setting> settings_of(const GuidanceOptions& options, const families::Sampling& sampling) {
  std::vector<Setting> settings;
  pipeline::GenerateRequest own;
  own.steps = options.steps;
  for (const double value : options.align) {
    settings.push_back({named("align", value), value > 0 ? own : without_alignment(own, sampling)});
    settings.back().request.align_guidance = value;
  }
  for (const double value : options.text) {
    settings.push_back({named("text", value), own});
    settings.back().request.text_guidance = value;
  }
  PF_CHECK(!settings.empty(), InvalidRequest, "lab guidance", "--align and --text are both empty; nothing to measure");
  return settings;
}

eval::RunFigures figures_of(const std::string& name, std::int64_t seed, const eval::GroupReport& films) {
  const auto percent = [](const eval::Estimate& share) { return 100 * share.value; };
  return {name, seed,
          {{"strike to sound, median ms", films.impact_to_onset.median_ms.value},
           {"within 50 ms, %", percent(films.impact_to_onset.within_50)},
           {"sound to strike within 50 ms, %", percent(films.onset_to_impact.within_50)},
           {"colour, %", percent(films.labels->color)},
           {"material, %", percent(films.labels->material)},
           {"count within one, %", percent(films.labels->count_within_one)}}};
}

eval::RunFigures measure(const families::Generator& model, const GuidanceOptions& options, const Setting& setting,
                         std::int64_t seed, const nn::RunContext& context, const Observer& observer) {
  const WorldFilms films(model, setting.request, context);
  eval::WorldEvalOptions world;
  world.scene = options.scene, world.count = options.count, world.seed = seed, world.other_seeds = 0;
  const eval::WorldReport report =
      eval::evaluate_world(world, films.render_options(), films.generate(), {}, observer);
  if (!report.complete) throw Cancelled("lab guidance", "stopped; started again, it goes on with the next setting");
  return figures_of(setting.name, seed, *report.group("generated"));
}

void run(const GuidanceOptions& options) {
  const nn::RunContext context = run_context("auto");
  const std::string folder_of_model = find_model(options.model), weights = contents_of(folder_of_model);
  const auto model = families::load_generator(folder_of_model, context.dtype);
  const std::vector<Setting> settings = settings_of(options, model->info().sampling);
  set_threads(/*asked=*/0, model->info());
  make_folder(options.out);
  InterruptibleProgress progress;
  const Observer observer = progress.observer();
  std::vector<eval::RunFigures> runs;
  for (std::int64_t seed = 1; seed <= options.seeds; ++seed) {  // outside: a stopped sweep has compared something
    for (const Setting& setting : settings) {
      const nlohmann::json circumstances{{"model", options.model}, {"weights", weights}, {"scene", options.scene},
                                         {"count", options.count}, {"steps", options.steps}, {"setting", setting.name}, {"seed", seed}};
      const std::string folder = concat(options.out, "/", setting.name, "/seed", seed);
      make_folder(folder);
      runs.push_back(measured_once(folder + "/figures.json", circumstances, [&] {
        return measure(*model, options, setting, seed, context, observer);
      }));
    }
  }
  write_comparison(options.out, runs, {{"strike to sound, median ms", "offset.svg"},
                                       {"within 50 ms, %", "within_50_ms.svg"},
                                       {"count within one, %", "count.svg"},
                                       {"material, %", "material.svg"}});
  log::info(concat("wrote ", options.out, "/table.md and four plots"));
}

}  // namespace

void add_guidance_command(CLI::App& lab) {
  const auto options = std::make_shared<GuidanceOptions>();
  CLI::App* command = lab.add_subcommand("guidance", "Measure what guidance does to a trained model's films");
  command->add_option("model", options->model, "model folder")->required();
  command->add_option("-o,--out", options->out, "folder for results; started again, what is measured there is kept")
      ->capture_default_str();
  add_flags(*command, options->fields());
  command->callback([options] { run(*options); });
}

}  // namespace phonofilm::cli
