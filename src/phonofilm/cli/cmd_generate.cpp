// phonofilm generate "a red rubber ball falls" -o film.mp4
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/log.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/compute.h"
#include "phonofilm/cli/find_model.h"
#include "phonofilm/cli/interrupt.h"
#include "phonofilm/eval/sync.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"
#include "phonofilm/pipeline/generate.h"

namespace phonofilm::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  pipeline::GenerateRequest request;
  media::FilmOptions film;
  std::string output = "film.mp4", model = "models/mini", image, dtype = "auto", resume;
  std::int64_t takes = 1, threads = 0;
  bool keep_latents = false;
};

// "film.mp4", and for the second take "film_2.mp4".
std::string take_path(const Options& options, std::int64_t take) {
  if (take == 0) return options.output;
  const fs::path path(options.output);
  return (path.parent_path() / concat(path.stem().string(), "_", take + 1, path.extension().string())).string();
}

std::string latent_path(const std::string& film) { return fs::path(film).replace_extension(".latents.safetensors").string(); }

// Everything that can be refused is refused before the first second of computing.
void check_output(const Options& options) {
  const fs::path path(options.output);
  const std::string extension = to_lower(path.extension().string());
  const std::vector<std::string> known{".mp4", ".mov", ".m4a", ".wav"};
  PF_CHECK(std::find(known.begin(), known.end(), extension) != known.end(), InvalidRequest, "generate", options.output,
           ": films are written as ", join(known, ", "), did_you_mean(extension, known));
  const bool sound_only = extension == ".m4a" || extension == ".wav";
  PF_CHECK(!sound_only || !options.request.video, InvalidRequest, "generate", options.output,
           ": holds sound only; add --no-video, or write an .mp4");
  if (path.has_parent_path()) make_folder(path.parent_path().string());
  write_file_atomically(options.output + ".writable", "");  // throws a clear error where nothing can be written
  fs::remove(options.output + ".writable");
  require_disk_space(options.output, 20e6);
}

Tensor load_image(const Options& options, const families::Generator& model) {
  if (options.image.empty()) return {};
  PF_CHECK(options.request.video, InvalidRequest, "generate", "--image needs a picture; leave out --no-video");
  const families::ClipSpec spec = model.clip_spec({options.request.seconds, options.request.height, options.request.width, true, true});
  return media::resize_cover(media::read_image(options.image), spec.height, spec.width);
}

nlohmann::json describe(const pipeline::Generated& result, const families::ModelInfo& model, const std::string& image) {
  pipeline::GenerateRequest request = result.request;
  nlohmann::json json{{"program", concat("phonofilm ", PHONOFILM_VERSION)},
                      {"model", concat(model.family, " ", model.variant)},
                      {"settings", write_json(request.fields())},
                      {"seconds", result.seconds}};
  if (!image.empty()) json["image"] = fs::path(image).filename().string();
  return json;
}

// What an eye and an ear would find in the film, measured on its frames and samples.
std::string measure(const Clip& clip, nlohmann::json& json) {
  if (!clip.has_video() || !clip.has_audio()) return "";
  const eval::SyncResult sync = eval::measure_sync(clip);
  json["measured"] = eval::to_json(sync);
  const auto median = sync.median_offset();
  return concat(", ", sync.impacts.size(), " strikes seen, ", sync.onsets.size(), " heard",
                median ? concat(", median offset ", std::llround(*median * 1000), " ms") : "");
}

void write_take(const Options& options, const std::string& path, const pipeline::Generated& result,
                const families::ModelInfo& model) {
  nlohmann::json json = describe(result, model, options.image);
  const std::string measured = measure(result.clip, json);
  media::write_film(path, result.clip, {{media::kSettingsKey, json.dump()}, {"title", result.request.prompt}}, options.film);
  if (result.clip.has_video() && result.clip.has_audio()) {
    const media::ClockReport clock = media::verify_clock(path, result.clip);
    PF_CHECK(std::abs(clock.audio_offset_ms) < 1 || clock.correlation < 0.5, MediaError, "generate", path,
             ": decoded back, its sound is ", clock.audio_offset_ms, " ms off");
  }
  if (!options.keep_latents) fs::remove(latent_path(path));
  double total = 0;
  for (const auto& [stage, seconds] : result.seconds) total += seconds;
  std::printf("%s: %.2f s of film in %.1f s%s\n", path.c_str(),
              std::max(result.clip.video_seconds(), result.clip.audio_seconds()), total, measured.c_str());
}

void run(Options options) {
  std::optional<pipeline::SavedLatent> saved;
  if (!options.resume.empty()) {
    saved = pipeline::load_latent(options.resume);
    options.request = saved->request;
  }
  pipeline::check(options.request);
  check_output(options);
  const nn::RunContext context = run_context(options.dtype);
  const auto model = families::load_generator(find_model(options.model), context.dtype);
  set_threads(options.threads, model->info());
  const Tensor image = load_image(options, *model);
  TerminalProgress progress;
  const InterruptGuard interrupt;
  for (std::int64_t take = 0; take < options.takes; ++take) {
    const std::string path = take_path(options, take);
    pipeline::GenerateRequest request = options.request;
    request.seed += take;
    pipeline::GenerateOptions generate_options;
    generate_options.run = context;
    generate_options.resume = saved ? &*saved : nullptr;
    generate_options.observer = [&](const ProgressEvent& event) {
      progress.show(event);
      return !interrupt.requested();
    };
    generate_options.keep = [&](const pipeline::SavedLatent& latent) {
      pipeline::save_latent(latent_path(path), latent);
      if (latent.steps_done < latent.request.steps) {
        log::warn(concat("stopped; go on with: phonofilm generate --resume ", latent_path(path), " -o ", path));
      }
    };
    const pipeline::Generated result = pipeline::generate(*model, request, image, generate_options);
    for (const std::string& notice : result.notices) log::warn(notice);
    write_take(options, path, result, model->info());
  }
}

}  // namespace

void add_generate_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("generate", "Make a film from a sentence");
  command->add_option("prompt", options->request.prompt, "what is to be seen and heard");
  command->add_option("-o,--output", options->output, "the film: .mp4 or .mov; with --no-video .m4a or .wav")->capture_default_str();
  command->add_option("--model", options->model, "model folder")->capture_default_str();
  command->add_option("--image", options->image, "first frame, any format and size");
  command->add_option("--takes", options->takes, "films to make, with consecutive seeds")->check(CLI::Range(1, 10000));
  command->add_option("--dtype", options->dtype, "of matrix products")->check(CLI::IsMember({"auto", "float32", "bfloat16"}));
  command->add_option("--threads", options->threads, "of the math library per pass; 0: what serves the model best")
      ->check(CLI::Range(0, 1024));
  command->add_option("--resume", options->resume, "go on from the latents that an interrupted run kept");
  command->add_flag("--keep-latents", options->keep_latents, "leave the latents beside the film");
  Fields fields = options->request.fields();
  std::erase_if(fields, [](const Field& field) { return field.name == "prompt"; });
  add_flags(*command, fields);
  add_flags(*command, options->film.fields());
  command->callback([options] { run(*options); });
}

}  // namespace phonofilm::cli
