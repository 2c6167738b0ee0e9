#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/json_text.h"
#include "phonofilm/base/log.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/compute.h"
#include "phonofilm/cli/film_maker.h"
#include "phonofilm/cli/film_measures.h"
#include "phonofilm/cli/find_model.h"
#include "phonofilm/cli/load_options.h"
#include "phonofilm/cli/work_plan.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/media/film_writer.h"
#include "phonofilm/pipeline/film_plan.h"
#include "phonofilm/media/image.h"
#include "phonofilm/pipeline/description.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::cli {

namespace fs = std::filesystem;

std::unique_ptr<families::Generator> load_model(const FilmMakerOptions& options, const nn::RunContext& context) {
  families::LoadOptions load = load_options();
  load.dtype = context.dtype;
  load.variant = options.variant;
  for (const std::string& lora : options.lora) load.loras.push_back(families::parse_lora(lora));
  load.memory = nn::parse_memory_mode(options.memory);
  if (options.storage == "int8") load.storage = nn::LinearStorage::int8;
  if (options.storage == "float8") load.storage = nn::LinearStorage::float8;
  auto model = families::load_generator(find_model(options.model), load);
  set_threads(options.threads, model->info());
  return model;
}

std::string latent_path(const std::string& film) {
  return fs::path(film).replace_extension(".latents.safetensors").string();
}

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

std::optional<pipeline::SavedLatent> kept_latents(const std::string& film) {
  const std::string path = latent_path(film);
  if (!fs::exists(path)) return std::nullopt;
  try {
    return pipeline::load_latent(path);
  } catch (const Error& error) {
    log::warn(concat(error.what(), "; starting afresh"));
    return std::nullopt;
  }
}

void check_room_for_latents(const FilmInputs& inputs, const std::string& film) {
  const std::string latents = latent_path(film);
  if (!fs::exists(latents) || (inputs.resume && fs::equivalent(latents, inputs.resumed_from))) return;
  PF_CHECK(inputs.init_noise.empty() || !fs::equivalent(latents, inputs.init_noise), InvalidRequest, "generate",
           latents, ": the noise to start from would be overwritten; choose another -o");
  const auto saved = kept_latents(film);
  const bool written = fs::exists(film) && fs::last_write_time(film) >= fs::last_write_time(latents);
  PF_CHECK(!saved || (saved->finished() && written), InvalidRequest, "generate", latents,
           ": holds the latents of a film that is not finished; go on with --resume (or decode them), or delete them");
}

FilmMaker::FilmMaker(const FilmMakerOptions& options)
    : options_(options),
      tiles_(options.tiles()),
      context_(run_context(options.dtype)),
      model_(load_model(options, context_)) {}

// The file grows while pictures are decoded. Sound alone, of which no picture ever arrives, is written at the end.
// Where strikes are looked for, which takes the whole film, pictures are kept as well; such films are small.
class FilmMaker::Sink {
 public:
  Sink(std::string path, const families::ModelInfo& model, const pipeline::GenerateRequest& request,
       const media::FilmOptions& film)
      : path_(std::move(path)), fps_(model.fps), channels_(request.audio ? model.channels : 0), film_(film),
        keeps_(model.shows_strikes && request.audio) {}

  void push(const Tensor& frames) {
    if (!writer_) {
      writer_.emplace(path_, media::FilmFormat{frames.size(1), frames.size(2), fps_, channels_}, film_);
    }
    writer_->push(frames);
    if (keeps_) pictures_.push_back(frames.clone());
  }
  // The clip with all its pictures, also of a film in segments, where they are kept.
  Clip whole(Clip clip) const {
    if (!clip.has_video() && !pictures_.empty()) clip.frames = at::cat(pictures_);
    return clip;
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
  bool keeps_;
  std::vector<Tensor> pictures_;
};

nlohmann::json FilmMaker::describe(const pipeline::Generated& result, const pipeline::Given& given) const {
  nlohmann::json json =
      pipeline::describe(result, given, model_->info(), context_, concat("phonofilm ", PHONOFILM_VERSION));
  json["storage"] = options_.storage;
  if (tiles_) json["vae_tiling"] = {{"tile", options_.vae_tile}, {"stride", options_.vae_tile_stride}};
  return json;
}

pipeline::GenerateOptions FilmMaker::watched(TerminalProgress& progress, Sink& sink) const {
  pipeline::GenerateOptions options;
  options.run = context_;
  options.observer = [&](const ProgressEvent& event) {
    progress.show(event);
    return !interrupt_.requested();
  };
  options.on_frames = [&](const Tensor& frames) { sink.push(frames); };
  options.tiles = tiles_;
  return options;
}

void FilmMaker::finish(const pipeline::Generated& result, const pipeline::Given& given, const std::string& path,
                       Sink& sink) const {
  nlohmann::json json = describe(result, given);
  const std::string measured = describe_strikes(model_->info(), sink.whole(result.clip), json);
  sink.finish(result.clip, {{media::kSettingsKey, json_text(json)},
                            {"title", result.request.prompt}});
  if (result.spec.has_video() && result.spec.has_audio()) {
    Clip sound = result.clip;
    sound.frames = Tensor();
    const media::ClockReport clock = media::verify_clock(path, sound);
    PF_CHECK(std::abs(clock.audio_offset_ms) < 1 || clock.correlation < 0.5, MediaError, "generate", path,
             ": decoded back, its sound is ", clock.audio_offset_ms, " ms off");
  }
  double total = 0;
  for (const auto& [stage, seconds] : result.seconds) total += seconds;
  const double picture = double(result.spec.frames) / model_->info().fps;
  std::printf("%s: %.2f s of film in %.1f s%s\n", path.c_str(), std::max(picture, result.clip.audio_seconds()), total,
              measured.c_str());
  std::fflush(stdout);
}

// The command that goes on from latents, with everything that is not in them.
std::string FilmMaker::how_to_go_on(const pipeline::SavedLatent& saved, const std::string& path) const {
  FilmMakerOptions used = options_, defaults;
  if (saved.finished()) used.dump_latents = false;  // decode leaves its latents where they are
  return concat("phonofilm ", saved.finished() ? "decode " : "generate --resume ", shell_word(latent_path(path)),
                changed_flags(used.fields(), defaults.fields()),
                changed_flags(used.film.fields(), defaults.film.fields()), " -o ", shell_word(path));
}

void FilmMaker::make(const pipeline::GenerateRequest& request, const FilmInputs& inputs, const std::string& path) {
  TerminalProgress progress;
  Sink sink(path, model_->info(), request, options_.film);
  pipeline::GenerateOptions options = watched(progress, sink);
  options.resume = inputs.resume;
  options.init_noise = inputs.init_noise;
  std::string command;
  options.keep = [&](const pipeline::SavedLatent& latent) {
    pipeline::save_latent(latent_path(path), latent);
    command = how_to_go_on(latent, path);
  };
  const pipeline::PreparedFilm film = prepare_film(*model_, request, inputs);
  for (const std::string& notice : film.notices) log::warn(notice);
  try {
    const pipeline::Generated result = pipeline::generate_film(*model_, film.request, film.given, options);
    for (const std::string& notice : result.notices) log::warn(notice);
    finish(result, film.given, path, sink);
  } catch (...) {  // out of memory too, of which LibTorch and C++ have kinds of their own
    if (!command.empty()) log::warn(concat("the latents are kept; go on with: ", command));
    throw;
  }
  if (!options_.dump_latents) fs::remove(latent_path(path));
}

bool FilmMaker::are_of(const pipeline::SavedLatent& saved, const pipeline::GenerateRequest& request,
                       const FilmInputs& inputs) const {
  if (saved.model != model_->info().name()) return false;
  const pipeline::PreparedFilm film = prepare_film(*model_, request, inputs);
  const bool same_settings =
      pipeline::resolve(film.request, model_->info()) == pipeline::resolve(saved.request, model_->info());
  return same_settings && pipeline::same(film.given, saved.given);
}

void FilmMaker::decode(const pipeline::SavedLatent& saved, const std::string& path) {
  TerminalProgress progress;
  Sink sink(path, model_->info(), saved.request, options_.film);
  if (!saved.finished()) {
    const std::string segment =
        saved.segments > 1 ? concat(" of segment ", saved.earlier.size() + 1, " of ", saved.segments) : "";
    log::warn(concat("these latents are at step ", saved.steps_done, " of ", saved.request.all_steps(), segment,
                     ": the film is not finished"));
  }
  finish(pipeline::decode_film(*model_, saved, watched(progress, sink)), saved.given, path, sink);
}

void FilmMaker::plan(const pipeline::GenerateRequest& request, const FilmInputs& inputs) const {
  const pipeline::PreparedFilm film = prepare_film(*model_, request, inputs);
  const pipeline::GenerateRequest resolved = pipeline::resolve(film.request, model_->info());
  const pipeline::FilmPlan plan = pipeline::plan_film(*model_, resolved, film.given);
  print_work_plan(*model_, resolved, plan, !film.given.voices.empty(), context_);
}

}  // namespace phonofilm::cli
