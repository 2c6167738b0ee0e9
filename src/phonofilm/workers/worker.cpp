#include "phonofilm/workers/worker.h"

#include <new>
#include <thread>

#include "phonofilm/workers/remote_desk.h"

namespace phonofilm::workers {
namespace {

constexpr const char* kNoMemory = "there was not enough memory for this film; ask for a shorter or smaller one";

// LibTorch reports exhausted memory as an ordinary error of its allocator.
bool is_out_of_memory(const std::exception& error) {
  const std::string message = error.what();
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
         message.find("can't allocate memory") != std::string::npos ||
         message.find("out of memory") != std::string::npos;
}

}  // namespace

Worker::Came Worker::fail(const Session& session, const std::string& reason) {
  desk_.fail(session.lease(), reason);
  return Came::failure;
}

Worker::Came Worker::compute(Session& session) {
  try {
    artifacts_.prepare(session.lease().job, session.lease().token);
    executor_.run(session);
    jobs::pass(options_.probe, "computed");
    desk_.succeed(session.lease(), session.published());
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
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) return fail(session, error.what());
    fail(session, kNoMemory);
    throw ResourceError("worker", kNoMemory);
  }
}

Worker::Came Worker::work_once(const std::function<bool()>& stop) {
  std::optional<jobs::Job> job = desk_.claim(options_.name);
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
