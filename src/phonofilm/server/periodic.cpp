#include "phonofilm/server/periodic.h"

#include <algorithm>
#include <chrono>

namespace phonofilm::server {
namespace {

constexpr double kPauseAfterFault = 2;  // seconds, so that a lasting fault does not fill the log

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(std::int64_t(seconds * 1000));
}

}  // namespace

Periodic::Periodic(std::vector<PeriodicTask> tasks, Report report)
    : tasks_(std::move(tasks)), report_(std::move(report)), thread_([this] { work(); }) {}

Periodic::~Periodic() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void Periodic::work() {
  using Clock = std::chrono::steady_clock;
  std::vector<Clock::time_point> due(tasks_.size(), Clock::now());
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const std::size_t next = std::size_t(std::min_element(due.begin(), due.end()) - due.begin());
    if (stop_.wait_until(lock, due[next], [this] { return stopping_; })) return;
    lock.unlock();
    try {
      tasks_[next].run();
      due[next] = Clock::now() + milliseconds(tasks_[next].period);
    } catch (const std::exception& error) {
      report_(tasks_[next].name, error.what());
      due[next] = Clock::now() + milliseconds(std::max(tasks_[next].period, kPauseAfterFault));
    }
    lock.lock();
  }
}

}  // namespace phonofilm::server
