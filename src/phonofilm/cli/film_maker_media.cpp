#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/log.h"
#include "phonofilm/cli/compute.h"
#include "phonofilm/cli/film_maker.h"
#include "phonofilm/cli/find_model.h"
#include "phonofilm/cli/load_options.h"
#include "phonofilm/cli/work_plan.h"
#include "phonofilm/eval/sync.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/media/film_writer.h"
#include "phonofilm/media/image.h"

namespace phonofilm::cli {
namespace {

namespace fs = std::filesystem;

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

families::LoadOptions load_options_of(const FilmMakerOptions& options, const nn::RunContext& context) {
  families::LoadOptions load = load_options();
  load.dtype = context.dtype;
  load.variant = options.variant;
  load.memory = options.memory;
  if (options.storage == "int8") load.storage = nn::LinearStorage::int8;
  if (options.storage == "float8") load.storage = nn::LinearStorage::float8;
  return load;
}

}  // namespace

Fields FilmMakerOptions::fields() {
  return {{"model", &model, "model folder"},
          {"variant", &variant, "which of the folder's models; empty: the first that is there"},
          {"dtype", &dtype, "of matrix products", {}, {}, {"auto", "float32", "bfloat16"}},
          {"storage", &storage, "of large transformers' matrices: as in the file, or 8 bits from loading on", {}, {},
           {"file", "int8", "float8"}},
          {"memory", &memory, "where weights lie that do not fit on the device: all there, or streamed to it", {}, {},
           {"auto", "resident", "stream"}},
          {"threads", &threads, "of the math library per pass; 0: what serves the model best", 0, 1024},
          {"dump_latents", &dump_latents, "leave the latents, and the noise they came from, beside the film"}};
}

std::string latent_path(const std::string& film) { return fs::path(film).replace_extension(".latents.safetensors").string(); }

void check_output(const std::string& output, const pipeline::GenerateRequest& request) {
  const fs::path path(output);
  const std::string extension = to_lower(path.extension().string());
  const std::vector<std::string> known{".mp4", ".mov", ".m4a", ".wav"};
  PF_CHECK(std::find(known.begin(), known.end(), extension) != known.end(), InvalidRequest, "generate", output,
           ": films are written as ", join(known, ", "), did_you_mean(extension, known));
  const bool sound_only = extension == ".m4a" || extension == ".wav";
  PF_CHECK(!sound_only || !request.video, InvalidRequest, "generate", output,
           ": holds sound only; add --no-video, or write an .mp4");
  if (path.has_parent_path()) make_folder(path.parent_path().string());
  write_file_atomically(output + ".writable", "");  // throws a clear error where nothing can be written
  fs::remove(output + ".writable");
  require_disk_space(output, 20e6);
}

FilmMaker::FilmMaker(const FilmMakerOptions& options)
    : options_(options),
      context_(run_context(options.dtype)),
      model_(families::load_generator(find_model(options.model), load_options_of(options, context_))) {
  set_threads(options.threads, model_->info());
}

// The file grows while pictures are decoded. Sound alone, of which no picture ever arrives, is written at the end.
class FilmMaker::Sink {
 public:
  Sink(std::string path, const families::ModelInfo& model, const pipeline::GenerateRequest& request, const media::FilmOptions& film)
      : path_(std::move(path)), fps_(model.fps), channels_(request.audio ? model.channels : 0), film_(film) {}

  void push(const Tensor& frames) {
    if (!writer_) {
      writer_.emplace(path_, media::FilmFormat{frames.size(1), frames.size(2), fps_, channels_}, film_);
    }
    writer_->push(frames);
  }
  void finish(const Clip& clip, const media::Metadata& metadata) {
    if (!writer_) return media::write_film(path_, clip, metadata, film_);
    writer_->finish(clip.waveform, clip.sample_rate, metadata);
  }

 private:
  std::string path_;
  double fps_;
  std::int64_t channels_;
  media::FilmOptions film_;
  std::optional<media::FilmWriter> writer_;
};

Tensor FilmMaker::load_image(const pipeline::GenerateRequest& request, const std::string& path) const {
  if (path.empty()) return {};
  PF_CHECK(request.video, InvalidRequest, "generate", "--image needs a picture; leave out --no-video");
  const Tensor image = media::read_image(path);
  if (model_->info().fits_images) return image;
  const families::ClipSpec spec = model_->clip_spec(pipeline::clip_request(request, image));
  return media::resize_cover(image, spec.height, spec.width);
}

pipeline::GenerateOptions FilmMaker::watched(TerminalProgress& progress, Sink& sink) const {
  pipeline::GenerateOptions options;
  options.run = context_;
  options.observer = [&](const ProgressEvent& event) {
    progress.show(event);
    return !interrupt_.requested();
  };
  options.on_frames = [&](const Tensor& frames) { sink.push(frames); };
  return options;
}

void FilmMaker::finish(const pipeline::Generated& result, const std::string& image, const std::string& path, Sink& sink) const {
  nlohmann::json json = describe(result, model_->info(), image);
  const std::string measured = measure(result.clip, json);
  sink.finish(result.clip, {{media::kSettingsKey, json.dump()}, {"title", result.request.prompt}});
  if (result.clip.has_video() && result.clip.has_audio()) {
    const media::ClockReport clock = media::verify_clock(path, result.clip);
    PF_CHECK(std::abs(clock.audio_offset_ms) < 1 || clock.correlation < 0.5, MediaError, "generate", path,
             ": decoded back, its sound is ", clock.audio_offset_ms, " ms off");
  }
  double total = 0;
  for (const auto& [stage, seconds] : result.seconds) total += seconds;
  std::printf("%s: %.2f s of film in %.1f s%s\n", path.c_str(),
              std::max(result.clip.video_seconds(), result.clip.audio_seconds()), total, measured.c_str());
  std::fflush(stdout);
}

void FilmMaker::make(const pipeline::GenerateRequest& request, const FilmInputs& inputs, const std::string& path) {
  TerminalProgress progress;
  Sink sink(path, model_->info(), request, options_.film);
  pipeline::GenerateOptions options = watched(progress, sink);
  options.resume = inputs.resume;
  options.init_noise = inputs.init_noise;
  std::string how_to_go_on;
  options.keep = [&](const pipeline::SavedLatent& latent) {
    const std::string latents = latent_path(path);
    pipeline::save_latent(latents, latent);
    const bool finished = latent.steps_done == latent.request.steps;
    how_to_go_on = concat(finished ? "phonofilm decode " : "phonofilm generate --resume ", latents, " --model ", options_.model,
                          " -o ", path);
  };
  try {
    const pipeline::Generated result = pipeline::generate(*model_, request, load_image(request, inputs.image), options);
    for (const std::string& notice : result.notices) log::warn(notice);
    finish(result, inputs.image, path, sink);
  } catch (const Error&) {
    if (!how_to_go_on.empty()) log::warn(concat("the latents are kept; go on with: ", how_to_go_on));
    throw;
  }
  if (!options_.dump_latents) fs::remove(latent_path(path));
}

void FilmMaker::decode(const pipeline::SavedLatent& saved, const std::string& path) {
  TerminalProgress progress;
  Sink sink(path, model_->info(), saved.request, options_.film);
  if (saved.steps_done < saved.request.steps) {
    log::warn(concat("these latents are at step ", saved.steps_done, " of ", saved.request.steps, ": the film is not finished"));
  }
  finish(pipeline::decode(*model_, saved, watched(progress, sink)), "", path, sink);
}

void FilmMaker::plan(const pipeline::GenerateRequest& request, const FilmInputs& inputs) const {
  const Tensor image = load_image(request, inputs.image);
  print_work_plan(*model_, pipeline::resolve(request, model_->info()), image, context_);
}

}  // namespace phonofilm::cli
