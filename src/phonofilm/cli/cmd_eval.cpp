// phonofilm eval world: how well picture and sound of generated films belong together.
#include <cstdio>
#include <filesystem>
#include <memory>

#include "phonofilm/base/files.h"
#include "phonofilm/base/log.h"
#include "phonofilm/base/progress.h"
#include "phonofilm/base/text.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/interrupt.h"
#include "phonofilm/eval/report.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/media/film.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::cli {
namespace {

struct EvalOptions {
  eval::WorldEvalOptions world;
  std::string model = "models/mini";
  std::string out = "out/eval";
  bool rulers_only = false;
  bool films = true;

  Fields fields() {
    Fields fields = world.fields();
    fields.push_back({"rulers_only", &rulers_only, "only ground truth and, if there is a model, its codec round trip"});
    fields.push_back({"films", &films, "write every film beside the report"});
    return fields;
  }
};

// None for ground truth alone: when only the rulers are wanted and there is no model.
std::unique_ptr<families::Generator> load_model(const EvalOptions& options) {
  if (options.rulers_only && !std::filesystem::is_directory(options.model)) {
    log::warn(concat(options.model, ": no such model; only ground truth is measured"));
    return nullptr;
  }
  return families::load_generator(options.model, at::kFloat);
}

// Size and length of the model's films by default, else those of the world.
world::RenderOptions render_options(const families::Generator* model) {
  world::RenderOptions render;
  if (!model) return render;
  const families::ClipSpec spec = model->clip_spec({});
  render.height = spec.height, render.width = spec.width;
  render.frames = spec.frames, render.samples = spec.samples;
  render.fps = model->info().fps, render.sample_rate = model->info().sample_rate;
  return render;
}

eval::RoundTrip round_trip(const families::Generator& model) {
  return [&model](const Clip& clip) {
    const nn::RunContext run;
    return model.decode(model.encode_clip(clip, run), model.clip_spec({}), run);
  };
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

void print_summary(const eval::WorldReport& report) {
  std::printf("%-24s %8s %12s %8s %8s\n", "picture to sound", "strikes", "median, ms", "<25 ms", "<50 ms");
  for (const eval::GroupReport& group : report.groups) {
    const eval::OffsetStatistics& offsets = group.impact_to_onset;
    std::printf("%-24s %8lld %12.1f %7.1f%% %7.1f%%\n", group.name.c_str(), static_cast<long long>(offsets.events),
                offsets.median_ms.value, 100 * offsets.within_25.value, 100 * offsets.within_50.value);
  }
  for (const eval::Check& check : report.checks) {
    std::printf("%-6s %-18s %-40s %8.1f %s (%s %.0f)\n", check.passed() ? "met" : "MISSED", check.group.c_str(),
                check.figure.c_str(), check.value, check.unit.c_str(), check.at_most ? "at most" : "at least",
                check.target);
  }
}

void run(const EvalOptions& options) {
  make_folder(options.out);
  const auto model = load_model(options);
  TerminalProgress progress;
  const InterruptGuard interrupt;
  const Observer observer = [&](const ProgressEvent& event) {
    progress.show(event);
    return !interrupt.requested();
  };
  const eval::RoundTrip codec = model ? round_trip(*model) : eval::RoundTrip();
  const eval::WorldReport report =
      eval::evaluate_world(options.world, render_options(model.get()), {}, codec, observer, keep_films(options));
  eval::write_report(options.out, report, {{"model", model ? options.model : "none"}});
  print_summary(report);
  log::info(concat("wrote ", options.out, "/index.html and report.json"));
}

}  // namespace

void add_eval_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("eval", "Measure a model");
  command->require_subcommand(1);
  CLI::App* world =
      command->add_subcommand("world", "Do picture and sound of films of the rendered world belong together?");
  const auto options = std::make_shared<EvalOptions>();
  world->add_option("--model", options->model, "model folder")->capture_default_str();
  world->add_option("-o,--out", options->out, "folder for the report and the films")->capture_default_str();
  add_flags(*world, options->fields());
  world->callback([options] { run(*options); });
}

}  // namespace phonofilm::cli
