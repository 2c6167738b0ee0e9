// Keeps worker processes running and answers for the queue that they have not opened themselves. A worker that crashes,
// runs out of memory or hangs takes nothing with it but its attempt: its job is failed with the reason in words (and so
// retried once, jobs/rules.h), and the worker is started again after a pause that doubles.
//
//   Supervisor supervisor(queue, {{"gpu-0", {own_program(), "worker", ...}}}, options);
//   supervisor.run([&] { return interrupt.requested(); });
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "phonofilm/jobs/queue.h"

namespace phonofilm::workers {

struct WorkerSpec {
  std::string name;                  // unique
  std::vector<std::string> command;  // a program that works for the RemoteDesk on its descriptor 3 until SIGTERM
};

// Times in milliseconds.
struct SupervisorOptions {
  std::int64_t first_pause = 500, longest_pause = 60'000;  // before a worker is started again
  // A worker hangs that makes no step for `patience` times its usual step, but no less than `least_patience`; before
  // its steps are known (loading, encoding, decoding) for `start_patience`.
  double patience = 10;
  std::int64_t least_patience = 60'000, start_patience = 1'800'000;
  std::int64_t stop_patience = 120'000;  // for the last step of a worker that is asked to stop
  std::int64_t upkeep_every = 10'000;    // between two Queue::recover(); 0: somebody else does it
  std::int64_t memory = 0;               // bytes of address space of a worker; 0: no limit
  std::function<void(const std::string& line)> tell = [](const std::string&) {};  // starts and endings, for the log
};

class Supervisor {
 public:
  // The queue must outlive the supervisor. Starts nothing yet.
  Supervisor(jobs::Queue& queue, const std::vector<WorkerSpec>& workers, const SupervisorOptions& options);
  ~Supervisor();  // kills workers that are left
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until `stop` says so; then workers finish their step, save, give their jobs back and end. The thread that calls it
  // must live as long as the workers shall: they are killed with it.
  void run(const std::function<bool()>& stop);

 private:
  class Post;  // one worker, alive or between two lives
  bool anyone_alive() const;
  void attend(int milliseconds);
  void keep_up();

  jobs::Queue& queue_;
  SupervisorOptions options_;
  std::vector<std::unique_ptr<Post>> posts_;
  std::int64_t next_upkeep_ = 0;
};

}  // namespace phonofilm::workers
