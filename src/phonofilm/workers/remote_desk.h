// A desk at the other end of a socket: the worker asks, the process that has the queue answers. Messages are JSON in
// the frames of channel.h, one answer to each.
#pragma once

#include <mutex>
#include <nlohmann/json_fwd.hpp>

#include "phonofilm/workers/channel.h"
#include "phonofilm/workers/desk.h"

namespace phonofilm::workers {

struct DeskGone : Error {
  DeskGone(const std::string& operation, const std::string& message) : Error(operation, message, 7) {}
};

// The worker's side. Every call waits for its answer. Throws what the desk threw: Refused with the same reason, Error
// for everything else; DeskGone where nobody answers any more, after which there is nothing left to do but to end.
class RemoteDesk : public Desk {
 public:
  explicit RemoteDesk(Descriptor channel) : channel_(std::move(channel)) {}
  std::optional<jobs::Job> claim(const std::string& worker) override;
  void heartbeat(const jobs::LeaseRef& lease, const jobs::Progress& progress) override;
  void save_checkpoint(const jobs::LeaseRef& lease, std::int64_t step) override;
  void succeed(const jobs::LeaseRef& lease, const std::vector<std::string>& names) override;
  void fail(const jobs::LeaseRef& lease, const std::string& reason, jobs::Fault fault) override;
  void release(const jobs::LeaseRef& lease) override;

 private:
  nlohmann::json ask(const nlohmann::json& question);
  std::mutex mutex_;
  Descriptor channel_;
};

// The other side: what `desk` says to one message. Refusals and faults become answers; a message that no worker would
// send is an InvalidRequest.
std::string answer(Desk& desk, const std::string& message);

}  // namespace phonofilm::workers
