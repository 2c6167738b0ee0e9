// Prepares batches ahead of the training loop in background threads. Batches are pure functions of the step, so the
// order of threads does not matter and a resumed run sees what a straight run would have seen.
#pragma once

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "phonofilm/train/task.h"

namespace phonofilm::train {

class BatchQueue {
 public:
  BatchQueue(const Task& task, std::uint64_t seed, std::int64_t first_step, std::int64_t end_step, std::int64_t threads);
  ~BatchQueue();  // stops the threads
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;
  // Steps must be taken in order. Rethrows what preparing the batch threw.
  Batch take(std::int64_t step);

 private:
  void work();

  const Task& task_;
  const std::uint64_t seed_;
  const std::int64_t end_step_, ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t next_ = 0, taken_ = 0;
  bool stop_ = false;
  std::exception_ptr failure_;
  std::map<std::int64_t, Batch> ready_;
  std::vector<std::thread> threads_;
};

}  // namespace phonofilm::train
