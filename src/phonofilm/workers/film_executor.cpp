#include "phonofilm/workers/film_executor.h"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/files.h"
#include "phonofilm/base/json_text.h"
#include "phonofilm/media/image.h"
#include "phonofilm/media/pictures.h"
#include "phonofilm/pipeline/description.h"
#include "phonofilm/pipeline/long_film.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::workers {
namespace {

using pipeline::FilmJob;
using pipeline::SavedLatent;

constexpr std::int64_t kSpriteColumns = 4, kSpriteRows = 2, kSpriteWidth = 160;
constexpr int kSpriteQuality = 85;

// How far a film is and how long it will take, from the steps that this worker has made.
class Pace {
 public:
  Pace(std::int64_t step, std::int64_t steps, double decode_seconds) : decode_seconds_(decode_seconds) {
    progress_.step = step, progress_.steps = steps;
  }
  const jobs::Progress& take(const ProgressEvent& event) {
    progress_.stage = event.stage;
    const bool news = made_ == 0 || event.done != progress_.step;
    if (news && (event.stage == "denoise" || event.stage == "film")) take_step(event);
    return progress_;
  }
  double expected() const { return per_step_ * double(progress_.steps) + decode_seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  void take_step(const ProgressEvent& event) {
    const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
    if (made_ == 0) first_ = elapsed;  // with the prompt's encoding in it
    ++made_;
    progress_.step = event.done, progress_.steps = event.total;
    per_step_ = made_ > 1 ? (elapsed - first_) / double(made_ - 1) : elapsed;
    const double left = per_step_ * double(event.total - event.done) + decode_seconds_;
    progress_.eta = std::llround(1000 * left);
  }

  jobs::Progress progress_;
  Clock::time_point start_ = Clock::now();
  std::int64_t made_ = 0;
  double decode_seconds_, first_ = 0, per_step_ = 0;
};

// Saves latents from time to time. A disk that is full for a while costs the saving, not the film.
class Saver {
 public:
  Saver(Session& session, const FilmExecutorOptions& options) : session_(session), options_(options) {}
  void save(const SavedLatent& latent) {
    last_ = Clock::now();
    try {
      session_.save(latent.film_steps_done(), [&](const std::string& path) { pipeline::save_latent(path, latent); });
    } catch (const ResourceError& error) {
      options_.log(concat("latents are not saved now: ", error.what()));
    }
  }
  void step(const pipeline::StepView& view) {
    if (std::chrono::duration<double>(Clock::now() - last_).count() >= options_.save_every) save(view.saved());
  }

 private:
  using Clock = std::chrono::steady_clock;
  Session& session_;
  const FilmExecutorOptions& options_;
  Clock::time_point last_ = Clock::now();
};

// The request of latents of this job: a film that keeps parts of a given one has its length and size from there.
pipeline::GenerateRequest request_of(const FilmJob& job, const SavedLatent& saved) {
  pipeline::GenerateRequest request = job.request;
  if (!job.files.keeps()) return request;
  request.seconds = saved.request.seconds;
  request.height = saved.request.height, request.width = saved.request.width;
  request.exact_size = saved.request.exact_size;
  if (gives_half(saved.given)) request.sound_steps = 0;
  return request;
}

// Whether latents began with the uploads that the job names.
bool has_files_of(const FilmJob& job, const pipeline::Given& given) {
  const pipeline::GivenFiles& files = job.files;
  const std::string kept = files.audio + files.video + files.extend + files.of;  // of which there is one at most
  return given.image_name == files.image && given.last_image_name == files.last_image && given.kept_name == kept &&
         given.voice_names == files.voices;
}

}  // namespace

// Latents that are damaged, or of other settings because the job was edited, are not worth a failure.
std::optional<SavedLatent> FilmExecutor::saved_latents(const Session& session, const FilmJob& job) const {
  const std::optional<std::string> path = session.checkpoint();
  if (!path) return std::nullopt;
  try {
    SavedLatent saved = pipeline::load_latent(*path);
    const families::ModelInfo& info = model_.info();
    const bool same_settings =
        pipeline::resolve(saved.request, info) == pipeline::resolve(request_of(job, saved), info);
    if (saved.model == info.name() && same_settings && has_files_of(job, saved.given)) return saved;
  } catch (const Error&) {
  }
  return std::nullopt;
}

pipeline::PreparedFilm FilmExecutor::prepared(const Session& session, const FilmJob& job) const {
  GivenUploads uploads(session, options_.decode);
  return pipeline::prepare_film(model_, job.request, job.files, uploads, pipeline::Naming::fields);
}

void FilmExecutor::run(Session& session) {
  const FilmJob job = pipeline::parse_film_job(session.job().request);
  const std::optional<SavedLatent> saved = saved_latents(session, job);
  const pipeline::PreparedFilm asked =
      saved ? pipeline::PreparedFilm{request_of(job, *saved), saved->given, {}} : prepared(session, job);
  Pace pace(saved ? saved->film_steps_done() : 0, saved ? saved->film_steps() : 0, decode_seconds_);
  Saver saver(session, options_);
  previewer_.begin();
  pipeline::GenerateOptions options;
  options.run = options_.run, options.tiles = options_.tiles;
  options.resume = saved ? &*saved : nullptr;
  options.observer = [&](const ProgressEvent& event) { return session.report(pace.take(event)); };
  options.keep = [&](const SavedLatent& latent) { saver.save(latent); };
  options.on_step = [&](const pipeline::StepView& view) {
    saver.step(view);
    previewer_.step(session, view, pace.expected());
  };
  pipeline::Generated film = pipeline::generate_film(model_, asked.request, asked.given, options);
  film.notices.insert(film.notices.begin(), asked.notices.begin(), asked.notices.end());
  decode_seconds_ = film.seconds.at("decode");
  PF_CHECK(session.report(pace.take({"write"})), Cancelled, "job", "stopped before the film was written");
  publish(session, film, asked.given);
}

void FilmExecutor::publish(Session& session, const pipeline::Generated& film, const pipeline::Given& given) const {
  const Clip& clip = film.clip;
  nlohmann::json json = pipeline::describe(film, given, model_.info(), options_.run, options_.program);
  if (!film.notices.empty()) json["notices"] = film.notices;
  if (options_.measure) options_.measure(model_.info(), clip, json);
  const std::string settings = json_text(json);
  session.publish(clip.has_video() ? "film.mp4" : "sound.m4a", [&](const std::string& path) {
    media::write_film(path, clip, {{media::kSettingsKey, settings}, {"title", film.request.prompt}}, options_.film);
  });
  if (clip.has_video()) {
    const Tensor poster = clip.frames[clip.frames.size(0) / 2];
    session.publish("poster.png", [&](const std::string& path) { media::write_png(path, poster); });
    const Tensor sheet = media::contact_sheet(clip, kSpriteColumns, kSpriteRows, kSpriteWidth);
    session.publish("sprites.jpg", [&](const std::string& path) { media::write_jpeg(path, sheet, kSpriteQuality); });
  }
  session.publish("settings.json", [&](const std::string& path) { write_file_atomically(path, settings); });
}

}  // namespace phonofilm::workers
