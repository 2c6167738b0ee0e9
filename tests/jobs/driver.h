// Owners and workers whose every move is an action that a test chooses: the same sequence can be walked through on any
// store, and all sequences on the one in memory.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "jobs/jobs_helpers.h"

namespace phonofilm::test {

enum class Verb {
  submit, cancel, remove, edit, move,                         // of a job
  claim, beat, save, publish, succeed, fail, reject, release, crash,  // of a worker
  age, recover, sweep                                         // of the world
};

inline const char* verb_name(Verb verb) {
  static const char* names[] = {"submit", "cancel",  "remove",  "edit", "move",   "claim",
                                "beat",   "save",    "publish", "succeed", "fail", "reject",
                                "release", "crash",  "age",     "recover", "sweep"};
  return names[size_t(verb)];
}

struct Action {
  Verb verb = Verb::submit;
  size_t who = 0;  // which job or worker
};

// What an action came to: a refusal, a job, a number, or none of them.
struct Outcome {
  std::optional<jobs::Refusal> refusal{};
  std::optional<jobs::Job> job{};
  std::int64_t number = 0;
  bool operator==(const Outcome&) const = default;
};

// What the actors remember between actions. A worker whose lease was refused stops; one that crashed forgets its
// lease.
struct Actors {
  std::vector<std::optional<jobs::LeaseRef>> workers;
  std::vector<std::string> jobs;  // id of the last submission of each
};

constexpr std::int64_t kDriverSteps = 2;

class Driver {
 public:
  Driver(jobs::Queue& queue, jobs::Artifacts& artifacts, TestSources& sources, const jobs::Limits& limits)
      : queue_(queue), artifacts_(artifacts), sources_(sources), limits_(limits) {}

  Outcome apply(Actors& actors, const Action& action) {
    try {
      if (action.verb <= Verb::move) return owner_does(actors, action);
      if (action.verb <= Verb::crash) return worker_does(actors.workers[action.who], action);
      return world_does(action.verb);
    } catch (const jobs::Refused& refused) {
      const bool stops = action.verb > Verb::move && refused.reason() != jobs::Refusal::invalid;
      if (stops) actors.workers[action.who].reset();
      return {.refusal = refused.reason()};
    }
  }

  static jobs::Submission submission(size_t which) {
    return {.owner = which % 2 ? "bob" : "alice", .key = "key" + std::to_string(which), .request = "{}"};
  }

 private:
  Outcome owner_does(Actors& actors, const Action& action) {
    const jobs::Caller caller{submission(action.who).owner};
    std::string& id = actors.jobs[action.who];
    switch (action.verb) {
      case Verb::submit: {
        const jobs::Job job = queue_.submit(submission(action.who));
        id = job.id;
        return {.job = job};
      }
      case Verb::cancel: return {.job = queue_.cancel(caller, id)};
      case Verb::edit: return {.job = queue_.edit(caller, id, {.priority = std::int64_t(action.who % 3)})};
      case Verb::move: return {.job = queue_.move(caller, id, "")};
      default: queue_.remove(caller, id); return {};
    }
  }

  Outcome worker_does(std::optional<jobs::LeaseRef>& lease, const Action& action) {
    if (action.verb == Verb::claim) {
      const std::optional<jobs::Job> job = queue_.claim("worker" + std::to_string(action.who));
      if (job) lease = lease_of(*job);
      return {.job = job};
    }
    const jobs::LeaseRef mine = *lease;
    switch (action.verb) {
      case Verb::beat: return {.job = queue_.heartbeat(mine, {"denoise", kDriverSteps / 2, kDriverSteps})};
      case Verb::save:
        artifacts_.publish(mine.job, mine.token, jobs::kLatents, write);
        return {.job = queue_.save_checkpoint(mine, 1)};
      case Verb::publish: artifacts_.publish(mine.job, mine.token, "film.mp4", write); return {};
      case Verb::succeed: return ended(lease, queue_.succeed(mine, {"film.mp4"}));
      case Verb::fail: return ended(lease, queue_.fail(mine, "no"));
      case Verb::reject: return ended(lease, queue_.fail(mine, "never", jobs::Fault::request));
      case Verb::release: return ended(lease, queue_.release(mine));
      default: lease.reset(); return {};
    }
  }

  Outcome world_does(Verb verb) {
    if (verb == Verb::age) sources_.now += limits_.lease / 2 + 1;
    if (verb == Verb::recover) return {.number = queue_.recover()};
    if (verb == Verb::sweep) return {.number = queue_.sweep().folders};
    return {};
  }

  static Outcome ended(std::optional<jobs::LeaseRef>& lease, const jobs::Job& job) {
    lease.reset();
    return {.job = job};
  }
  static void write(const std::string& path) { write_bytes(path, "film"); }

  jobs::Queue& queue_;
  jobs::Artifacts& artifacts_;
  TestSources& sources_;
  jobs::Limits limits_;
};

// What the actors may do now: a worker works with a lease and claims without one, a job is submitted before it is
// cancelled.
inline std::vector<Action> possible(const Actors& actors) {
  std::vector<Action> actions;
  for (size_t who = 0; who < actors.jobs.size(); ++who) {
    actions.push_back({Verb::submit, who});
    if (actors.jobs[who].empty()) continue;
    for (const Verb verb : {Verb::cancel, Verb::remove, Verb::edit, Verb::move}) actions.push_back({verb, who});
  }
  for (size_t who = 0; who < actors.workers.size(); ++who) {
    if (!actors.workers[who]) {
      actions.push_back({Verb::claim, who});
      continue;
    }
    for (int verb = int(Verb::beat); verb <= int(Verb::crash); ++verb) actions.push_back({Verb(verb), who});
  }
  for (const Verb verb : {Verb::age, Verb::recover, Verb::sweep}) actions.push_back({verb, 0});
  return actions;
}

}  // namespace phonofilm::test
