// Worker processes of this program: how they are started, and what they do. `worker` and `serve` share it.
#pragma once

#include <functional>

#include "phonofilm/cli/film_maker.h"
#include "phonofilm/jobs/queue.h"

namespace phonofilm::cli {

struct WorkerSettings {
  FilmMakerOptions maker;
  std::string artifacts = "films", name = "worker", device = "cpu";
  std::int64_t workers = 1;
  double save_every = 15, preview_share = 0.03, memory_limit = 0, upload_memory = 2;
  double patience = 10, least_patience = 60, start_patience = 1800, stop_patience = 120;
  double lease = 60;  // seconds; of the queue, too
  std::int64_t max_disk = jobs::Limits{}.max_disk;
  std::int64_t lease_milliseconds() const { return std::int64_t(lease * 1000); }
  Fields fields();
};

// Keeps the worker processes running, which compute the jobs of the queue, until `stop` says so (workers/supervisor.h).
// The calling thread must live as long as the workers shall. upkeep: whether to recover jobs of lost workers, too.
void supervise(jobs::Queue& queue, const WorkerSettings& settings, bool upkeep, const std::function<bool()>& stop);

// The life of one worker process: loads the model, then computes what the desk on descriptor 3 gives out, until
// SIGTERM. settings: JSON of WorkerSettings, as supervise() writes it.
void run_worker_process(const std::string& settings);

}  // namespace phonofilm::cli
