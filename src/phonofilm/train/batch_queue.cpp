#include "phonofilm/train/batch_queue.h"

namespace phonofilm::train {

BatchQueue::BatchQueue(const Task& task, std::uint64_t seed, std::int64_t first_step, std::int64_t end_step,
                       std::int64_t threads)
    : task_(task), seed_(seed), end_step_(end_step), ahead_(2 * threads + 1), next_(first_step), taken_(first_step) {
  for (std::int64_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

BatchQueue::~BatchQueue() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void BatchQueue::work() {
  while (true) {
    std::int64_t step = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || next_ >= end_step_ || next_ < taken_ + ahead_; });
      if (stop_ || next_ >= end_step_) return;
      step = next_++;
    }
    try {
      Batch batch = task_.batch(seed_, step);
      const std::lock_guard lock(mutex_);
      ready_[step] = std::move(batch);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      stop_ = true;
    }
    changed_.notify_all();
  }
}

Batch BatchQueue::take(std::int64_t step) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || ready_.contains(step); });
  if (!ready_.contains(step)) std::rethrow_exception(failure_);
  Batch batch = std::move(ready_.extract(step).mapped());
  taken_ = step + 1;
  lock.unlock();
  changed_.notify_all();
  return batch;
}

}  // namespace phonofilm::train
