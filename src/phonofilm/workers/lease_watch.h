// The desk of one worker as its supervisor sees it: which job it has, and how long its steps take. Private to workers/.
#pragma once

#include <chrono>

#include "phonofilm/workers/desk.h"

namespace phonofilm::workers {

class LeaseWatch : public QueueDesk {
 public:
  using QueueDesk::QueueDesk;
  std::optional<jobs::Job> claim(const std::string& worker) override;
  void heartbeat(const jobs::LeaseRef& lease, const jobs::Progress& progress) override;
  void succeed(const jobs::LeaseRef& lease, const std::vector<std::string>& names) override;
  void fail(const jobs::LeaseRef& lease, const std::string& reason, jobs::Fault fault) override;
  void release(const jobs::LeaseRef& lease) override;

  const std::optional<jobs::LeaseRef>& lease() const { return lease_; }
  std::int64_t successes() const { return successes_; }
  // Milliseconds since the worker began or made a step.
  std::int64_t idle() const;
  // Milliseconds that a step of this job takes on average; none before two are known and outside of denoising.
  std::optional<double> usual_step() const;
  void begin();  // a new process

 private:
  using Clock = std::chrono::steady_clock;
  void ended() { lease_.reset(); }
  std::optional<jobs::LeaseRef> lease_;
  jobs::Progress latest_;
  Clock::time_point moved_ = Clock::now(), first_step_{};
  std::int64_t first_ = 0;  // step at first_step_
  std::int64_t successes_ = 0;
};

}  // namespace phonofilm::workers
