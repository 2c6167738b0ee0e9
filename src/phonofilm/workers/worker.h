// A worker: claims jobs, has them computed, and says what came of them. One runs in a process of its own per device.
#pragma once

#include <functional>

#include "phonofilm/workers/session.h"

namespace phonofilm::workers {

// Computes the result of one job: publishes its files through the session. Whatever it throws is the job's failure,
// except Cancelled, with which it ends when Session::report() returned false. InvalidRequest ends the job at once:
// another attempt would throw it, too. Owners are told the texts of InvalidRequest and MediaError; of everything else
// only that it happened, for it may name this machine's files.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void run(Session& session) = 0;
};

struct WorkerOptions {
  std::string name = "worker";
  std::int64_t poll_every = 500;    // milliseconds between two looks at an empty queue
  SessionOptions session{};
  jobs::Probe probe{};               // points: "claimed", "computed", "told"
  std::function<void(const std::string&)> log = [](const std::string&) {};  // what operators should know
};

class Worker {
 public:
  // What came of one job, or that there was none.
  enum class Came { nothing, success, failure, released, unwanted };

  Worker(Desk& desk, jobs::ArtifactFolder& artifacts, Executor& executor, const WorkerOptions& options)
      : desk_(desk), artifacts_(artifacts), executor_(executor), options_(options) {}

  // Claims and computes one job. Exhausted memory is told as the job's failure and thrown on as ResourceError: what is
  // left of this process is not to be trusted with another job. Throws DeskGone where the queue's process is gone.
  Came work_once(const std::function<bool()>& stop);
  // Until `stop` says so; a job that is being computed is then saved and given back.
  void work(const std::function<bool()>& stop);

 private:
  Came compute(Session& session);
  Came fail(const Session& session, const std::string& reason, jobs::Fault fault = jobs::Fault::attempt);
  Came fail_unexpectedly(const Session& session, const std::exception& error);
  void succeed(const Session& session);
  std::optional<jobs::Job> claim();

  Desk& desk_;
  jobs::ArtifactFolder& artifacts_;
  Executor& executor_;
  WorkerOptions options_;
};

}  // namespace phonofilm::workers
