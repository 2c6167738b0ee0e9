// One claimed job in the hands of a worker: its progress, its files, and whether it is still wanted.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "phonofilm/workers/desk.h"

namespace phonofilm::workers {

struct SessionOptions {
  std::int64_t beat_every = 1000;  // milliseconds between two heartbeats that a step gives; a step asks no oftener
  std::int64_t idle_beat = 10'000;  // milliseconds without a step before a heartbeat goes out; well below the lease
  std::int64_t watched_for = 15'000;  // milliseconds that a look at the previews counts
};

class Session {
 public:
  // stop: whether the program is asked to end. Everything must outlive the session.
  Session(Desk& desk, jobs::ArtifactFolder& artifacts, jobs::Job job, const std::function<bool()>& stop,
          const SessionOptions& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const jobs::Job& job() const { return job_; }
  // Where an upload of this job lies. Throws InvalidRequest where it was not uploaded.
  std::string upload(const std::string& name) const;
  // The latents to go on from, or none.
  std::optional<std::string> checkpoint() const;

  // Tells of a step. False: stop computing, because the job is not wanted any more or the program ends.
  bool report(const jobs::Progress& progress);
  bool wanted() const;    // neither cancelled nor deleted nor given to others
  bool stopping() const { return stop_(); }

  // Publish latents under the lease and tells the queue; nothing happens to a job that is not wanted any more.
  void save(std::int64_t step, const std::function<void(const std::string& path)>& write);
  // Publishes a result. Throws as Artifacts::publish.
  void publish(const std::string& name, const std::function<void(const std::string& path)>& write);
  const std::vector<std::string>& published() const { return published_; }

  bool watched() const { return artifacts_.watched(job_.id, options_.watched_for); }
  // Shows a preview; the next report tells its number. One for which there is no room is left out.
  void show(const std::string& name, const std::function<void(const std::string& path)>& write);

  jobs::LeaseRef lease() const { return {job_.id, job_.lease.token}; }

 private:
  using Clock = std::chrono::steady_clock;
  void beat(const jobs::Progress& progress);
  void beat_while_idle();
  bool say(const std::function<void()>& operation);

  Desk& desk_;
  jobs::ArtifactFolder& artifacts_;
  jobs::Job job_;
  std::function<bool()> stop_;
  SessionOptions options_;
  std::vector<std::string> published_;
  std::int64_t previews_ = 0;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable ended_;
  bool over_ = false, refused_ = false;
  jobs::Progress latest_;
  Clock::time_point last_beat_ = Clock::now();
  std::thread idle_;
};

}  // namespace phonofilm::workers
