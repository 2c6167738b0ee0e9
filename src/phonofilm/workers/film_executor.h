// Makes the film of a job (pipeline/film_job.h) with a model that was loaded once.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "phonofilm/media/film.h"
#include "phonofilm/pipeline/film_job.h"
#include "phonofilm/workers/given_uploads.h"
#include "phonofilm/workers/previews.h"
#include "phonofilm/workers/worker.h"

namespace phonofilm::workers {

struct FilmExecutorOptions {
  nn::RunContext run{};
  media::FilmOptions film{};
  std::optional<autoencoders::PictureTiles> tiles{};  // as pipeline::GenerateOptions
  double save_every = 15;                             // seconds between two savings of the latents; 0: every step
  double preview_share = 0.03;                        // of the computing time
  std::string program = "phonofilm";                  // for the film's description
  DecodeFn decode{};
  std::function<void(const std::string&)> log = [](const std::string&) {};  // what operators should know
  // Adds to a finished film's description what the program measures in it; nothing is measured without.
  std::function<void(const families::ModelInfo& model, const Clip& film, nlohmann::json& description)> measure{};
};

class FilmExecutor : public Executor {
 public:
  FilmExecutor(const families::Generator& model, const FilmExecutorOptions& options)
      : model_(model), options_(options), previewer_(model, options.run, options.preview_share) {}

  // Goes on from the job's latents where they are of this very film, else begins anew. Publishes film.mp4 (or
  // sound.m4a), poster.png and sprites.jpg (of a film with a picture) and settings.json.
  void run(Session& session) override;

 private:
  std::optional<pipeline::SavedLatent> saved_latents(const Session& session, const pipeline::FilmJob& job) const;
  pipeline::PreparedFilm prepared(const Session& session, const pipeline::FilmJob& job) const;
  void publish(Session& session, const pipeline::Generated& film, const pipeline::Given& given) const;

  const families::Generator& model_;
  FilmExecutorOptions options_;
  Previewer previewer_;
  double decode_seconds_ = 0;  // of the last film, for estimates of the time that is left
};

}  // namespace phonofilm::workers
