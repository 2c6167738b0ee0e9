// A queue with its files, and a stand-in for the film: an executor whose result shows every step that was made.
#pragma once

#include <chrono>
#include <thread>

#include "jobs/jobs_helpers.h"
#include "phonofilm/base/files.h"
#include "phonofilm/workers/worker.h"

namespace phonofilm::test {

inline constexpr std::int64_t kSteps = 5;

// After so many steps: what is saved, and in the end the result.
inline std::string state_after(std::int64_t step) {
  std::string state;
  for (std::int64_t i = 1; i <= step; ++i) state += concat("step ", i, "\n");
  return state;
}

// Counts to kSteps, saving after each step; goes on from what was saved.
class Counter : public workers::Executor {
 public:
  std::function<void(std::int64_t step)> before_step = [](std::int64_t) {};
  jobs::Probe probe{};

  void run(workers::Session& session) override {
    std::string state;
    if (const auto saved = session.checkpoint()) state = read_file(*saved);
    jobs::pass(probe, "begun");
    for (std::int64_t step = std::count(state.begin(), state.end(), '\n') + 1; step <= kSteps; ++step) {
      before_step(step);
      state += concat("step ", step, "\n");
      jobs::pass(probe, "step made");
      session.save(step, [&](const std::string& path) { write_bytes(path, state); });
      PF_CHECK(session.report({"denoise", step, kSteps, 10}), Cancelled, "test", "stopped at step ", step);
    }
    session.publish("film.mp4", [&](const std::string& path) {
      write_bytes(path, state.substr(0, state.size() / 2));
      jobs::pass(probe, "film half written");
      write_bytes(path, state);
    });
    session.publish("settings.json", [&](const std::string& path) { write_bytes(path, "{}"); });
  }
};

// Without pauses: each step asks the queue.
inline workers::WorkerOptions quick_worker() {
  return {.name = "w", .poll_every = 10, .session = {.beat_every = 0, .idle_beat = 60'000}};
}

struct QueueFolder {
  explicit QueueFolder(const std::string& folder, const jobs::Probe& probe = {}, const jobs::Sources& sources = {})
      : store(jobs::open_sqlite_store(folder + ".db", {.probe = probe})),
        artifacts(folder, {.probe = probe}),
        queue(*store, artifacts, {}, sources) {}
  jobs::Job submit(const std::string& request = "{}") { return queue.submit({.owner = "o", .request = request}); }
  jobs::Job job(const std::string& id) { return queue.get({.admin = true}, id).job; }
  std::string file(const jobs::Job& job, const std::string& name) {
    return bytes_of(artifacts.path(job.id, job.result, name));
  }
  std::unique_ptr<jobs::Store> store;
  jobs::ArtifactFolder artifacts;
  jobs::Queue queue;
};

// Waits until `holds`, a minute at most.
template <class Condition>
bool eventually(const Condition& holds, int seconds = 60) {
  for (int i = 0; i < 100 * seconds; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

inline bool never() { return false; }

}  // namespace phonofilm::test
