// A job: one film that somebody asked for, from its submission to its deletion. All texts are UTF-8 without NUL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phonofilm::jobs {

// Milliseconds since 1970-01-01 UTC; 0 means "not yet".
using Time = std::int64_t;

enum class State { queued, running, succeeded, failed, cancelled };

std::string_view state_name(State state);
// Throws StoreError for a name that no state has.
State state_of(std::string_view name);
inline bool is_finished(State state) { return state != State::queued && state != State::running; }

struct Progress {
  std::string stage{};    // "denoise", "decode", ...
  std::int64_t step = 0;  // steps finished
  std::int64_t steps = 0;
  std::int64_t eta = -1;      // milliseconds to the end of the job; -1 when unknown
  std::int64_t preview = 0;   // number of the newest preview under the lease's token; 0: none (artifacts.h)
  bool operator==(const Progress&) const = default;
};

// Who computes a running job. The token is new with every claim: what a worker says under an older token is refused.
struct Lease {
  std::string token{};   // 32 hexadecimal digits; empty unless the job runs
  std::string worker{};  // a name for people; kept after the end
  Time until = 0;        // recover() gives the job back once this has passed
  Time heartbeat = 0;
  bool operator==(const Lease&) const = default;
};

// Where the latents lie from which the next worker goes on.
struct Checkpoint {
  std::string run{};      // lease token under which the file was published; empty: there is none
  std::int64_t step = 0;  // the file is at this step or a later one
  bool operator==(const Checkpoint&) const = default;
};

struct Job {
  std::string id{};       // 32 hexadecimal digits, random
  std::string owner{};    // id of the API key that submitted it
  std::string key{};      // idempotency key, unique per owner; empty: none
  std::string request{};  // JSON; the queue does not look inside
  State state = State::queued;
  std::int64_t priority = 0;  // larger first
  std::int64_t number = 0;    // order of submission, never changes: the cursor of lists
  std::int64_t place = 0;     // order among queued jobs of one priority; move() changes it
  Time created = 0, started = 0, finished = 0;
  Time expires = 0;            // when sweep() deletes it; 0 until it is finished
  std::int64_t retention = 0;  // milliseconds between finished and expires
  Progress progress{};
  std::int64_t attempts = 0;  // claims, less those that were released
  std::int64_t failures = 0;  // attempts that ended in fail()
  std::string failure{};      // reason of the last attempt that did not succeed
  Lease lease{};
  Checkpoint checkpoint{};
  std::string result{};  // lease token under which the artifacts lie; empty unless succeeded
  std::vector<std::string> artifacts{};
  bool operator==(const Job&) const = default;
};

enum class EventKind {
  submitted, started, progress, checkpoint, succeeded, failed, retried, recovered, released, cancelled, edited, moved,
  deleted
};

std::string_view event_name(EventKind kind);
// Throws StoreError for a name that no kind has.
EventKind event_of(std::string_view name);

// One change of one job, numbered in the order in which changes became visible.
struct Event {
  std::int64_t sequence = 0;
  std::string job{}, owner{};
  EventKind kind = EventKind::submitted;
  State state = State::queued;  // after the change
  std::int64_t step = 0, steps = 0;
  Time at = 0;
  bool operator==(const Event&) const = default;
};

}  // namespace phonofilm::jobs
