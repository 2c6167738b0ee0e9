#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/log.h"
#include "phonofilm/cli/compute.h"
#include "phonofilm/cli/film_maker.h"
#include "phonofilm/cli/find_model.h"
#include "phonofilm/eval/sync.h"
#include "phonofilm/families/registry.h"
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

}  // namespace

Fields FilmMakerOptions::fields() {
  return {{"model", &model, "model folder"},
          {"variant", &variant, "which of the folder's models; empty: the first that is there"},
          {"dtype", &dtype, "of matrix products", {}, {}, {"auto", "float32", "bfloat16"}},
          {"threads", &threads, "of the math library per pass; 0: what serves the model best", 0, 1024},
          {"keep_latents", &keep_latents, "leave the latents beside the film"}};
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
      model_(families::load_generator(find_model(options.model), {context_.dtype, options.variant, nullptr})) {
  set_threads(options.threads, model_->info());
}

Tensor FilmMaker::load_image(const pipeline::GenerateRequest& request, const std::string& path) const {
  if (path.empty()) return {};
  PF_CHECK(request.video, InvalidRequest, "generate", "--image needs a picture; leave out --no-video");
  const Tensor image = media::read_image(path);
  if (model_->info().fits_images) return image;
  const families::ClipSpec spec = model_->clip_spec(pipeline::clip_request(request, image));
  return media::resize_cover(image, spec.height, spec.width);
}

void FilmMaker::write(const pipeline::Generated& result, const std::string& image, const std::string& path) const {
  nlohmann::json json = describe(result, model_->info(), image);
  const std::string measured = measure(result.clip, json);
  media::write_film(path, result.clip, {{media::kSettingsKey, json.dump()}, {"title", result.request.prompt}}, options_.film);
  if (result.clip.has_video() && result.clip.has_audio()) {
    const media::ClockReport clock = media::verify_clock(path, result.clip);
    PF_CHECK(std::abs(clock.audio_offset_ms) < 1 || clock.correlation < 0.5, MediaError, "generate", path,
             ": decoded back, its sound is ", clock.audio_offset_ms, " ms off");
  }
  if (!options_.keep_latents) fs::remove(latent_path(path));
  double total = 0;
  for (const auto& [stage, seconds] : result.seconds) total += seconds;
  std::printf("%s: %.2f s of film in %.1f s%s\n", path.c_str(),
              std::max(result.clip.video_seconds(), result.clip.audio_seconds()), total, measured.c_str());
  std::fflush(stdout);
}

void FilmMaker::make(const pipeline::GenerateRequest& request, const std::string& image, const std::string& path,
                     const pipeline::SavedLatent* resume) {
  TerminalProgress progress;
  pipeline::GenerateOptions options;
  options.run = context_;
  options.resume = resume;
  options.observer = [&](const ProgressEvent& event) {
    progress.show(event);
    return !interrupt_.requested();
  };
  options.keep = [&](const pipeline::SavedLatent& latent) {
    pipeline::save_latent(latent_path(path), latent);
    if (latent.steps_done < latent.request.steps) {
      log::warn(concat("stopped; go on with: phonofilm generate --resume ", latent_path(path), " -o ", path));
    }
  };
  const pipeline::Generated result = pipeline::generate(*model_, request, load_image(request, image), options);
  for (const std::string& notice : result.notices) log::warn(notice);
  write(result, image, path);
}

}  // namespace phonofilm::cli
