#include "phonofilm/workers/lease_watch.h"

namespace phonofilm::workers {
namespace {

double milliseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

void LeaseWatch::begin() {
  lease_.reset();
  latest_ = {};
  moved_ = Clock::now();
}

std::optional<jobs::Job> LeaseWatch::claim(const std::string& worker) {
  std::optional<jobs::Job> job = QueueDesk::claim(worker);
  moved_ = Clock::now();
  latest_ = {};
  lease_.reset();
  if (job) lease_ = jobs::LeaseRef{job->id, job->lease.token};
  return job;
}

void LeaseWatch::heartbeat(const jobs::LeaseRef& lease, const jobs::Progress& progress) {
  const bool moved = progress.stage != latest_.stage || progress.step != latest_.step;
  if (progress.stage != latest_.stage) first_step_ = Clock::now(), first_ = progress.step;
  if (moved) moved_ = Clock::now();
  latest_ = progress;
  QueueDesk::heartbeat(lease, progress);
}

void LeaseWatch::succeed(const jobs::LeaseRef& lease, const std::vector<std::string>& names) {
  QueueDesk::succeed(lease, names);
  ++successes_;
  ended();
}

void LeaseWatch::fail(const jobs::LeaseRef& lease, const std::string& reason, jobs::Fault fault) {
  QueueDesk::fail(lease, reason, fault);
  ended();
}

void LeaseWatch::release(const jobs::LeaseRef& lease) {
  QueueDesk::release(lease);
  ended();
}

std::int64_t LeaseWatch::idle() const { return std::int64_t(milliseconds(Clock::now() - moved_)); }

std::optional<double> LeaseWatch::usual_step() const {
  const std::int64_t steps = latest_.step - first_;
  const bool walking = latest_.stage == "denoise" || latest_.stage == "film";
  if (!lease_ || !walking || steps < 1) return std::nullopt;
  return milliseconds(moved_ - first_step_) / double(steps);
}

}  // namespace phonofilm::workers
