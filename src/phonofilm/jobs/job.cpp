#include "phonofilm/jobs/job.h"

#include <array>

#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/jobs/refused.h"

namespace phonofilm::jobs {
namespace {

constexpr std::array<std::string_view, 5> kStates{"queued", "running", "succeeded", "failed", "cancelled"};
constexpr std::array<std::string_view, 13> kEvents{"submitted", "started", "progress",  "checkpoint", "succeeded",
                                                   "failed",    "retried", "recovered", "released",   "cancelled",
                                                   "edited",    "moved",   "deleted"};

template <class Names>
size_t index_of(const Names& names, std::string_view name, const char* what) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return i;
  }
  throw StoreError(
      "read", concat("the job store has the ", what, " ", in_quotes(name), ", which nobody writes: it is damaged"));
}

}  // namespace

std::string_view state_name(State state) { return kStates[size_t(state)]; }
State state_of(std::string_view name) { return State(index_of(kStates, name, "state")); }
std::string_view event_name(EventKind kind) { return kEvents[size_t(kind)]; }
EventKind event_of(std::string_view name) { return EventKind(index_of(kEvents, name, "event")); }

}  // namespace phonofilm::jobs
