// Films of jobs by a tiny model in this process.
#pragma once

#include <nlohmann/json.hpp>

#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"
#include "phonofilm/workers/film_executor.h"
#include "pipeline/tiny_model.h"
#include "workers/workers_helpers.h"

namespace phonofilm::test {

using namespace phonofilm::jobs;
using namespace phonofilm::workers;

inline std::string request(std::int64_t steps = 4) {
  return nlohmann::json{{"prompt", "a red ball falls"}, {"seed", 5}, {"steps", steps}, {"solver", "unipc"}}.dump();
}

inline FilmExecutorOptions every_step() {
  FilmExecutorOptions options;
  options.save_every = 0;
  options.decode = [](const std::string& path, const std::string&, const DecodeRequest&) {
    return Clip{.frames = media::read_image(path).unsqueeze(0), .waveform = {}};
  };
  return options;
}

struct Studio {
  explicit Studio(const Probe& probe = {}) : q(folder.file("q"), probe) {}
  QuickFolder folder;
  QueueFolder q;
  QueueDesk desk{q.queue};
  TinyModel model;

  Worker::Came make(const FilmExecutorOptions& options, const std::function<bool()>& stop = never) {
    FilmExecutor executor(*model.generator, options);
    return Worker(desk, q.artifacts, executor, quick_worker()).work_once(stop);
  }
  Clip film(const Job& job) {
    const Job done = q.job(job.id);
    REQUIRE(done.state == State::succeeded);
    return media::read_film(q.artifacts.path(job.id, done.result, "film.mp4")).clip;
  }
};

inline bool same(const Clip& a, const Clip& b) {
  return at::equal(a.frames, b.frames) && at::equal(a.waveform, b.waveform);
}

}  // namespace phonofilm::test
