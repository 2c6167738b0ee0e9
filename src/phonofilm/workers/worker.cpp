#include "phonofilm/workers/worker.h"

#include <c10/util/Exception.h>

#include <new>
#include <thread>

#include "phonofilm/workers/remote_desk.h"

namespace phonofilm::workers {
namespace {

constexpr const char* kNoMemory = "there was not enough memory for this film; ask for a shorter or smaller one";
constexpr const char* kUnexpected = "the film could not be made; the worker's log says why";
constexpr auto kPatience = std::chrono::milliseconds(500);  // before a store that did not answer is asked again

// LibTorch reports exhausted memory as an ordinary error of its allocator.
bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error)) return true;
  const auto* torch = dynamic_cast<const c10::Error*>(&error);
  if (!torch) return false;
  const std::string message = torch->what_without_backtrace();
  return message.find("can't allocate memory") != std::string::npos ||
         message.find("out of memory") != std::string::npos;
}

// What passes: a store that cannot be reached at the moment.
bool is_passing(const Error& error) {
  return !dynamic_cast<const jobs::Refused*>(&error) && !dynamic_cast<const DeskGone*>(&error) &&
         !dynamic_cast<const InvalidRequest*>(&error);
}

}  // namespace

Worker::Came Worker::fail(const Session& session, const std::string& reason, jobs::Fault fault) {
  desk_.fail(session.lease(), reason, fault);
  return Came::failure;
}

Worker::Came Worker::fail_unexpectedly(const Session& session, const std::exception& error) {
  options_.log(concat("job ", session.lease().job, ": ", error.what()));
  if (!is_out_of_memory(error)) return fail(session, kUnexpected);
  try {
    fail(session, kNoMemory);
  } catch (const jobs::Refused&) {  // the job is somebody else's by now
  }
  throw ResourceError("worker", kNoMemory);
}

// A finished film is not lost to a store that cannot be reached for a while: the lease is renewed meanwhile.
void Worker::succeed(const Session& session) {
  for (;;) {
    try {
      return desk_.succeed(session.lease(), session.published());
    } catch (const Error& error) {
      if (!is_passing(error) || !session.wanted()) throw;
      options_.log(concat("job ", session.lease().job, ": its end cannot be told yet: ", error.what()));
    }
    std::this_thread::sleep_for(kPatience);
  }
}

std::optional<jobs::Job> Worker::claim() {
  try {
    return desk_.claim(options_.name);
  } catch (const Error& error) {
    if (!is_passing(error)) throw;
    options_.log(concat("no job can be claimed: ", error.what()));
    return std::nullopt;
  }
}

// What is wrong with a request or its files is its owner's to know; paths and backtraces are not.
Worker::Came Worker::compute(Session& session) {
  try {
    artifacts_.prepare(session.lease().job, session.lease().token);
    executor_.run(session);
    jobs::pass(options_.probe, "computed");
    succeed(session);
    jobs::pass(options_.probe, "told");
    return Came::success;
  } catch (const Cancelled&) {
    if (!session.wanted()) return Came::unwanted;
    desk_.release(session.lease());
    return Came::released;
  } catch (const jobs::Refused& refused) {
    if (refused.reason() != jobs::Refusal::invalid) return Came::unwanted;
    return fail(session, refused.what());
  } catch (const DeskGone&) {
    throw;
  } catch (const InvalidRequest& error) {
    return fail(session, error.what(), jobs::Fault::request);
  } catch (const MediaError& error) {
    return fail(session, error.what());
  } catch (const std::exception& error) {
    return fail_unexpectedly(session, error);
  }
}

Worker::Came Worker::work_once(const std::function<bool()>& stop) {
  std::optional<jobs::Job> job = claim();
  if (!job) return Came::nothing;
  jobs::pass(options_.probe, "claimed");
  Session session(desk_, artifacts_, std::move(*job), stop, options_.session);
  try {
    return compute(session);
  } catch (const jobs::Refused&) {  // of a failure or a release that came too late
    return Came::unwanted;
  }
}

void Worker::work(const std::function<bool()>& stop) {
  while (!stop()) {
    if (work_once(stop) != Came::nothing) continue;
    for (std::int64_t waited = 0; waited < options_.poll_every && !stop(); waited += 50) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
}

}  // namespace phonofilm::workers
