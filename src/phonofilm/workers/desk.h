// What a worker says of its jobs. The queue itself is one desk; a worker process whose queue is held by another process
// (SQLite has one owner) reaches it through a socket (remote_desk.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/jobs/queue.h"

namespace phonofilm::workers {

// Safe to use from several threads. Refusals are jobs::Refused, faults Errors.
class Desk {
 public:
  virtual ~Desk() = default;
  // The next job, or none. From a remote desk it has what a worker needs: id, request, attempts, lease token,
  // checkpoint.
  virtual std::optional<jobs::Job> claim(const std::string& worker) = 0;
  virtual void heartbeat(const jobs::LeaseRef& lease, const jobs::Progress& progress) = 0;
  virtual void save_checkpoint(const jobs::LeaseRef& lease, std::int64_t step) = 0;
  virtual void succeed(const jobs::LeaseRef& lease, const std::vector<std::string>& names) = 0;
  virtual void fail(const jobs::LeaseRef& lease, const std::string& reason, jobs::Fault fault) = 0;
  virtual void release(const jobs::LeaseRef& lease) = 0;
};

// The queue of this process.
class QueueDesk : public Desk {
 public:
  explicit QueueDesk(jobs::Queue& queue) : queue_(queue) {}
  std::optional<jobs::Job> claim(const std::string& worker) override { return queue_.claim(worker); }
  void heartbeat(const jobs::LeaseRef& lease, const jobs::Progress& progress) override {
    queue_.heartbeat(lease, progress);
  }
  void save_checkpoint(const jobs::LeaseRef& lease, std::int64_t step) override { queue_.save_checkpoint(lease, step); }
  void succeed(const jobs::LeaseRef& lease, const std::vector<std::string>& names) override {
    queue_.succeed(lease, names);
  }
  void fail(const jobs::LeaseRef& lease, const std::string& reason, jobs::Fault fault) override {
    queue_.fail(lease, reason, fault);
  }
  void release(const jobs::LeaseRef& lease) override { queue_.release(lease); }

 private:
  jobs::Queue& queue_;
};

}  // namespace phonofilm::workers
