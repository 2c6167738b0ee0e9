// phonofilm eval world | film: how well picture and sound of generated films belong together, and a long film.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "phonofilm/base/files.h"
#include "phonofilm/base/log.h"
#include "phonofilm/base/text.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/compute.h"
#include "phonofilm/cli/find_model.h"
#include "phonofilm/cli/interrupt.h"
#include "phonofilm/cli/world_films.h"
#include "phonofilm/eval/report.h"
#include "phonofilm/eval/svg_plot.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/media/film.h"
#include "phonofilm/pipeline/generate.h"

namespace phonofilm::cli {
namespace {

struct EvalOptions {
  eval::WorldEvalOptions world;
  pipeline::GenerateRequest request;  // prompt and seed are those of the held-out films
  std::string model = "models/mini", out = "out/eval", dtype = "auto", given = "nothing";
  std::vector<std::string> lora;
  bool rulers_only = false, films = true, voices = true;

  EvalOptions() { world.recogniser = kRecogniser; }
  Fields fields() {
    Fields fields = world.fields();
    fields.push_back({"rulers_only", &rulers_only, "only ground truth and, if there is a model, its codec round trip"});
    fields.push_back({"lora", &lora, "LoRAs to add to the model: FILE or FILE:SCALE, commas between several"});
    fields.push_back({"films", &films, "write every film beside the report"});
    fields.push_back({"voices", &voices, "give models that take voices other words by each talker"});
    fields.push_back({"given", &given, "half of the held-out film that is kept; the model makes the other one", {}, {},
                      {"nothing", "picture", "sound"}});
    const std::vector<std::string> passed_on{"negative_prompt", "seconds",        "steps",          "solver",
                                             "shift",           "sound_steps",    "sound_shift",    "text_guidance",
                                             "video_guidance",  "audio_guidance", "skip_layer",     "align_guidance",
                                             "timbre_guidance"};
    for (Field& field : request.fields()) {
      if (std::find(passed_on.begin(), passed_on.end(), field.name) != passed_on.end()) fields.push_back(field);
    }
    return fields;
  }
};

WorldFilmOptions film_options(const EvalOptions& options) {
  const GivenHalf given = options.given == "picture" ? GivenHalf::picture
                          : options.given == "sound" ? GivenHalf::sound
                                                     : GivenHalf::none;
  return {given, options.voices};
}

eval::WorldEvalOptions world_options(const EvalOptions& options) {
  eval::WorldEvalOptions world = options.world;
  world.recogniser = find_recogniser(world.recogniser);
  world.keeps_half = options.given != "nothing";
  return world;
}

// None for ground truth alone: when only the rulers are wanted and there is no model.
std::unique_ptr<families::Generator> load_model(const EvalOptions& options, const nn::RunContext& context) {
  const std::string folder = find_model(options.model);
  if (options.rulers_only && !std::filesystem::is_directory(folder)) {
    log::warn(concat(options.model, ": no such model; only ground truth is measured"));
    return nullptr;
  }
  families::LoadOptions load;
  load.dtype = context.dtype;
  for (const std::string& lora : options.lora) load.loras.push_back(families::parse_lora(lora));
  return families::load_generator(folder, load);
}

eval::KeepFilm keep_films(const EvalOptions& options) {
  if (!options.films) return {};
  make_folder(options.out + "/films");
  return [&options](const std::string& name, const Clip& clip) {
    const std::string path = "films/" + name + ".mp4";
    media::write_film(options.out + "/" + path, clip);
    return path;
  };
}

std::vector<eval::Circumstance> circumstances(const families::Generator* model, const EvalOptions& options) {
  if (!model) return {{"model", "none"}};
  const families::ModelInfo& info = model->info();
  std::vector<eval::Circumstance> facts{{"model", concat(options.model, " (", info.name(), ")")}};
  if (options.rulers_only) return facts;
  pipeline::GenerateRequest asked = options.request;
  asked.prompt = "any";
  asked = pipeline::resolve(asked, info);
  const diffusion::GuidanceScales scales = pipeline::sampling_of(asked, info).guidance;
  facts.push_back({"steps", concat(asked.steps, " ", asked.solver)});
  if (asked.sound_steps > 0) facts.push_back({"and again for the sound", concat(asked.sound_steps)});
  facts.push_back({"text guidance, picture / sound", concat(scales.text.video, " / ", scales.text.audio)});
  if (options.given != "nothing") facts.push_back({"given", options.given});
  if (info.takes_voices) facts.push_back({"reference voices", options.voices ? "other words" : "none"});
  if (asked.skip_layer > 0) facts.push_back({"left out of the negative pass", concat("block ", asked.skip_layer)});
  facts.push_back({"align guidance", scales.use_align ? concat(scales.align.video, " / ", scales.align.audio) : "off"});
  return facts;
}

void print_scene(const eval::SceneReport& scene) {
  std::printf("%-42s", scene.scene.c_str());
  for (const eval::SceneGroup& group : scene.groups) std::printf(" %16.16s", group.name.c_str());
  std::printf("\n");
  for (const eval::FigureSpec& spec : scene.measured()) {
    std::printf("%-42s", spec.title().c_str());
    for (const eval::SceneGroup& group : scene.groups) {
      const eval::SceneFigure* figure = group.figure(spec.name);
      if (figure) std::printf(" %16.2f", figure->estimate.value);
      else std::printf(" %16s", "-");
    }
    std::printf("\n");
  }
}

void print_impacts(const eval::WorldReport& report) {
  std::printf("%-24s %8s %12s %8s %8s\n", "picture to sound", "strikes", "median, ms", "25 ms", "50 ms");
  for (const eval::GroupReport& group : report.groups) {
    const eval::OffsetStatistics& offsets = group.impact_to_onset;
    std::printf("%-24s %8lld %12s %7s%% %7s%%\n", group.name.c_str(), static_cast<long long>(offsets.events),
                eval::fixed(offsets.median_ms.value, 1).c_str(), eval::fixed(100 * offsets.within_25.value, 1).c_str(),
                eval::fixed(100 * offsets.within_50.value, 1).c_str());
  }
}

void print_summary(const eval::WorldReport& report) {
  if (!report.groups.empty()) print_impacts(report);
  for (const eval::SceneReport& scene : report.scenes) print_scene(scene);
  for (const eval::Check& check : report.checks) {
    std::printf("%-6s  %-16s  %-54s %7s %-2s  %s %g\n", check.passed() ? "met" : "MISSED", check.group.c_str(),
                check.figure.c_str(), eval::fixed(check.value, 2).c_str(), check.unit.c_str(),
                check.at_most ? "at most" : "at least", check.target);
  }
}

void run(const EvalOptions& options) {
  make_folder(options.out);
  const nn::RunContext context = run_context(options.dtype);
  const auto model = load_model(options, context);
  if (model) set_threads(/*asked=*/0, model->info());
  InterruptibleProgress progress;
  const Observer observer = progress.observer();
  const auto films =
      model ? std::make_unique<WorldFilms>(*model, options.request, context, film_options(options)) : nullptr;
  const auto generate = films && !options.rulers_only ? films->generate() : eval::GenerateFilm();
  const auto codec = films ? films->round_trip() : eval::RoundTrip();
  const auto render = films ? films->render_options() : world::RenderOptions();
  const eval::WorldReport report =
      eval::evaluate_world(world_options(options), render, generate, codec, observer, keep_films(options));
  eval::write_report(options.out, report, circumstances(model.get(), options));
  print_summary(report);
  log::info(concat("wrote ", options.out, "/index.html and report.json"));
}

}  // namespace

void add_eval_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("eval", "Measure a model");
  command->require_subcommand(1);
  CLI::App* world = command->add_subcommand("world", "Do picture and sound of a model's films belong together?");
  const auto options = std::make_shared<EvalOptions>();
  world->add_option("--model", options->model, "model folder")->capture_default_str();
  world->add_option("-o,--out", options->out, "folder for the report and the films")->capture_default_str();
  world->add_option("--dtype", options->dtype, "of matrix products")
      ->check(CLI::IsMember({"auto", "float32", "bfloat16"}))
      ->capture_default_str();
  add_flags(*world, options->fields());
  world->callback([options] { run(*options); });
  add_eval_film_command(*command);
}

}  // namespace phonofilm::cli
