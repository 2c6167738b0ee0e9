// What a server does again and again beside its requests, on one thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace phonofilm::server {

struct PeriodicTask {
  std::string name;
  double period = 1;  // seconds between two runs
  std::function<void()> run;
};

// What a task throws is told and does not stop it: the next time it may succeed.
class Periodic {
 public:
  using Report = std::function<void(const std::string& task, const std::string& what)>;
  Periodic(std::vector<PeriodicTask> tasks, Report report);
  ~Periodic();  // waits for the task that runs
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  void work();
  std::vector<PeriodicTask> tasks_;
  Report report_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace phonofilm::server
