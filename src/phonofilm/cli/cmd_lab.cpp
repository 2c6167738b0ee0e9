// phonofilm lab STUDY: trains every recipe of a study from several seeds and measures the models side by side.
#include <algorithm>
#include <filesystem>
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
#include "phonofilm/train/tasks.h"
#include "phonofilm/train/trainer.h"
#include "phonofilm/world/world.h"

namespace phonofilm::cli {
namespace {

struct LabOptions {
  std::string study, out, recipes = "recipes/lab", scene;
  std::int64_t seeds = 3, count = 64;
  Fields fields() {
    return {{"seeds", &seeds, "runs of each recipe, with seeds from 1 on", 1.0, 1000.0},
            {"count", &count, "held-out films that are measured of each run", 2.0, 10000.0},
            {"scene", &scene, "world scene of the held-out films; empty: that of the recipes"}};
  }
  std::string output() const { return out.empty() ? "out/lab/" + study : out; }
};

struct Variant {
  std::string name;
  nlohmann::json recipe;
};

std::vector<Variant> variants_of(const LabOptions& options) {
  const std::string folder = find_model(options.recipes + "/" + options.study);
  PF_CHECK(std::filesystem::is_directory(folder), InvalidRequest, "lab", folder,
           ": no such folder of recipes; phonofilm comes with the studies 'architectures' and 'voices'");
  std::vector<Variant> variants;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    variants.push_back({entry.path().stem().string(), train::read_recipe(entry.path().string())});
    PF_CHECK(variants.back().recipe.value("task", "") == "joint", InvalidRequest, "lab", entry.path().string(),
             ": the lab compares models of the rendered world; expected the task 'joint'");
  }
  PF_CHECK(!variants.empty(), InvalidRequest, "lab", folder, ": holds no recipes (*.json)");
  std::sort(variants.begin(), variants.end(), [](const Variant& a, const Variant& b) { return a.name < b.name; });
  return variants;
}

// What the folders that a recipe names hold, by the names of its options.
nlohmann::json weights_of(const nlohmann::json& recipe) {
  nlohmann::json weights = nlohmann::json::object();
  for (const auto& [option, value] : recipe["options"].items()) {
    const bool is_folder = option != "cache" && value.is_string() && std::filesystem::is_directory(value.get<std::string>());
    if (is_folder) weights[option] = contents_of(value.get<std::string>());
  }
  return weights;
}

using Figures = std::vector<std::pair<std::string, double>>;

void append(const Figures& added, Figures& figures) { figures.insert(figures.end(), added.begin(), added.end()); }

// Of generated films of a scene without falling balls.
Figures figures_of_scene(const eval::SceneReport& scene) {
  Figures figures;
  for (const eval::FigureSpec& spec : scene.measured()) {
    const eval::SceneFigure* figure = scene.group("generated")->figure(spec.name);
    if (figure) figures.emplace_back(spec.title(), figure->estimate.value);
  }
  return figures;
}

// One run of one variant in a folder of its own.
class LabRun {
 public:
  LabRun(const LabOptions& options, const Variant& variant, std::int64_t seed, const Observer& observer)
      : options_(options), variant_(variant), seed_(seed), observer_(observer),
        folder_(concat(options.output(), "/", variant.name, "/seed", seed)), recipe_(variant.recipe) {
    recipe_["seed"] = seed;  // also of the rendered clips, hence a cache of its own
    nlohmann::json& cache = recipe_["options"]["cache"];
    cache = concat(cache.is_string() ? cache.get<std::string>() : options.output() + "/latents", "/seed", seed);
  }

  // What was measured, now or earlier by the same recipe.
  eval::RunFigures figures() {
    const nlohmann::json circumstances{{"recipe", recipe_}, {"weights", weights_of(recipe_)}, {"count", options_.count},
                                       {"scene", options_.scene}};
    return measured_once(folder_ + "/figures.json", circumstances, [this] {
      train();
      return measure();
    });
  }

 private:
  void train() {
    const train::Recipe recipe = train::parse_recipe(recipe_, variant_.name);
    const auto task = train::make_task(recipe, /*tools=*/{}, observer_);
    millions_ = double(task->model().parameter_count()) / 1e6;
    log::info(concat(variant_.name, ", seed ", seed_, ": ", millions_, " M parameters, ", recipe.run.steps, " steps"));
    held_out_ = train::train(*task, recipe, {.folder = folder_, .resume = true, .observer = observer_}).validation;
  }

  // Films of falling balls are also made without alignment guidance, which helps one architecture more than another.
  eval::RunFigures measure() const {
    const nn::RunContext context = run_context("auto");
    const auto model = families::load_generator(folder_ + "/model", context.dtype);
    set_threads(/*asked=*/0, model->info());
    pipeline::GenerateRequest request;
    const eval::WorldReport guided = evaluate(*model, request, context);
    eval::RunFigures run{variant_.name, seed_, {}};
    if (guided.groups.empty()) {
      for (const eval::SceneReport& scene : guided.scenes) append(figures_of_scene(scene), run.figures);
    } else {
      request = without_alignment(request, model->info().sampling);
      append(figures_of_balls(evaluate(*model, request, context), guided), run.figures);
    }
    append({{"held-out loss of the picture", held_out_.at("video")},
            {"of the sound", held_out_.at("audio")},
            {"parameters, M", millions_}},
           run.figures);
    return run;
  }

  eval::WorldReport evaluate(const families::Generator& model, const pipeline::GenerateRequest& request,
                             const nn::RunContext& context) const {
    const WorldFilms films(model, request, context);
    eval::WorldEvalOptions world;
    world.count = options_.count, world.other_seeds = 0;
    world.recogniser = find_recogniser(kRecogniser);
    world.scene = options_.scene.empty() ? recipe_["options"].value("scene", world.scene) : options_.scene;
    eval::WorldReport report = eval::evaluate_world(world, films.render_options(), films.generate(), {}, observer_);
    if (!report.complete) throw Cancelled("lab", "stopped while films were measured; started again, it goes on");
    return report;
  }

  static Figures figures_of_balls(const eval::WorldReport& plain, const eval::WorldReport& guided) {
    const eval::GroupReport &own = *plain.group("generated"), &chance = *plain.group("shuffled");
    const eval::GroupReport& pulled = *guided.group("generated");
    const auto percent = [](const eval::Estimate& share) { return 100 * share.value; };
    return {{"strike to sound, median ms", own.impact_to_onset.median_ms.value},
            {"within 25 ms, %", percent(own.impact_to_onset.within_25)},
            {"within 50 ms, %", percent(own.impact_to_onset.within_50)},
            {"sound to strike within 50 ms, %", percent(own.onset_to_impact.within_50)},
            {"chance: within 50 ms, %", percent(chance.impact_to_onset.within_50)},
            {"with alignment guidance: within 50 ms, %", percent(pulled.impact_to_onset.within_50)},
            {"colour, %", percent(own.labels->color)},
            {"material, %", percent(own.labels->material)}};
  }

  const LabOptions& options_;
  const Variant& variant_;
  const std::int64_t seed_;
  const Observer& observer_;
  const std::string folder_;
  nlohmann::json recipe_;
  double millions_ = 0;
  std::map<std::string, double> held_out_;
};

void run(const LabOptions& options) {
  const std::vector<Variant> variants = variants_of(options);
  // Before hours of training: throws where there is no such scene, or none without speech.
  if (!options.scene.empty()) world::truth_of(options.scene, /*seed=*/1, {});
  make_folder(options.output());
  InterruptibleProgress progress;
  const Observer observer = progress.observer();
  std::vector<eval::RunFigures> runs;
  for (std::int64_t seed = 1; seed <= options.seeds; ++seed) {  // seeds outside: a stopped study has compared something
    for (const Variant& variant : variants) runs.push_back(LabRun(options, variant, seed, observer).figures());
  }
  runs = with_common_figures(std::move(runs));
  write_comparison(options.output(), runs, plots_of(runs));
  log::info(concat("wrote ", options.output(), "/table.md and a plot of every figure"));
}

}  // namespace

void add_lab_command(CLI::App& app) {
  const auto options = std::make_shared<LabOptions>();
  CLI::App* command = app.add_subcommand("lab", "Train and compare the recipes of a study");
  command->add_option("study", options->study, "a folder of recipes below recipes/lab: architectures, voices");
  command->add_option("-o,--out", options->out,
                      "folder for runs and results; started again, what is done there is kept (default out/lab/STUDY)");
  command->add_option("--recipes", options->recipes, "where the folders of recipes are")->capture_default_str();
  add_flags(*command, options->fields());
  add_guidance_command(*command);
  command->callback([options, command] {
    if (!command->get_subcommands().empty()) return;
    PF_CHECK(!options->study.empty(), InvalidRequest, "lab",
             "which study? phonofilm comes with 'architectures' and 'voices'");
    run(*options);
  });
}

}  // namespace phonofilm::cli
