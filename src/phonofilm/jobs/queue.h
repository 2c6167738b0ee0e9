// The durable queue: what a server and its workers do with jobs. Every operation is one transaction, on the disk
// before it returns. docs/jobs.md says what is guaranteed.
//
//   Queue queue(*store, artifacts);
//   const Job job = queue.submit({.owner = "alice", .request = R"({"prompt": "a bell rings"})"});
//   if (const auto taken = queue.claim("gpu-0")) {
//     const LeaseRef lease{taken->id, taken->lease.token};
//     queue.heartbeat(lease, {"denoise", 1, 30});  // Refused once the job is cancelled, deleted or given to others
//     artifacts.publish(lease.job, lease.token, "film.mp4", write_film);
//     queue.succeed(lease, {"film.mp4"});
//   }
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/jobs/artifacts.h"
#include "phonofilm/jobs/job.h"
#include "phonofilm/jobs/rules.h"
#include "phonofilm/jobs/sources.h"
#include "phonofilm/jobs/store.h"

namespace phonofilm::jobs {

// Who asks. Jobs of other owners do not exist for a caller, unless it administrates the queue.
struct Caller {
  std::string owner{};
  bool admin = false;
};

struct Page {
  std::vector<Job> jobs{};
  std::string next{};  // cursor of the next page; empty: this is the last one
};

struct EventPage {
  std::vector<Event> events{};
  // False: events behind the given sequence were forgotten; the listener reads the jobs afresh.
  bool complete = true;
};

struct JobView {
  Job job{};
  std::int64_t position = 0;  // among waiting jobs, from 1; 0 unless queued. Fair shares may let others overtake.
};

struct Swept {
  std::int64_t jobs = 0;     // deleted, past their retention or for lack of disk
  std::int64_t folders = 0;  // of jobs and runs that nothing refers to
};

struct Sources {
  Clock clock = wall_clock;
  IdSource ids = random_id;
};

// Holds references: store and artifacts live longer. Has no state of its own; safe to use from several threads.
// Refusals are Refused, faults StoreError and ResourceError.
class Queue {
 public:
  Queue(Store& store, Artifacts& artifacts, const Limits& limits = {}, const Sources& sources = {})
      : store_(store), artifacts_(artifacts), limits_(limits), sources_(sources) {}

  // For owners.
  // The same key and the same request give the same job; the same key and another request Refused(conflict).
  Job submit(const Submission& submission);
  JobView get(const Caller& caller, const std::string& id);
  // cursor: Page::next, or empty for the first page. Jobs that come or go between two pages move no other; by place,
  // one that is moved between two pages may be in both or in none.
  Page list(const Caller& caller, std::optional<State> state = {}, const std::string& cursor = {},
            std::int64_t limit = 20, ListOrder order = ListOrder::newest_first);
  EventPage events(const Caller& caller, std::int64_t after, std::int64_t limit = 100);
  Job cancel(const Caller& caller, const std::string& id);
  Job edit(const Caller& caller, const std::string& id, const Edit& edit);
  // Puts a waiting job before another waiting one of the same owner and priority, or behind all of them (before = "").
  // The places of other owners stay.
  Job move(const Caller& caller, const std::string& id, const std::string& before);
  // Also of a running job, whose worker learns it at its next heartbeat (not_found). Files go after the row.
  void remove(const Caller& caller, const std::string& id);

  // For workers.
  // The next job, or none. Its latents, if any, lie under checkpoint.run.
  std::optional<Job> claim(const std::string& worker);
  Job heartbeat(const LeaseRef& lease, const Progress& progress);
  // The latents are published under lease.token first.
  Job save_checkpoint(const LeaseRef& lease, std::int64_t step);
  // Everything in `names` is published under lease.token first. After a refusal of these two, files that this lease
  // published and nothing refers to are removed.
  Job succeed(const LeaseRef& lease, const std::vector<std::string>& names);
  Job fail(const LeaseRef& lease, const std::string& reason, Fault fault = Fault::attempt);
  // Gives the job back, unfinished and without blame: the program stops.
  Job release(const LeaseRef& lease);

  // Upkeep, called every few seconds and at the start.
  std::int64_t recover();  // jobs taken from workers that were lost
  Swept sweep();           // retention, disk quota, old events, files without a job
  QueueCounts counts();
  // On the disk, of each owner's jobs; owners without files are left out.
  std::map<std::string, std::int64_t> bytes_by_owner();

 private:
  using Rule = std::function<Job(Job)>;
  Job worker_says(const LeaseRef& lease, const Rule& rule, EventKind kind);
  Job owner_says(const Caller& caller, const std::string& id, const Rule& rule, EventKind kind);
  Job worker_published(const LeaseRef& lease, const std::vector<std::string>& names, const Rule& rule, EventKind kind);
  std::optional<Job> peek(const std::string& id);
  void discard(const LeaseRef& lease);
  bool recover_one(const std::string& id);
  bool sweep_job(const std::string& id);
  bool awaits_submission(const std::string& id, const std::vector<std::string>& runs, Time since) const;
  std::int64_t sweep_folders();
  std::int64_t sweep_disk();

  Store& store_;
  Artifacts& artifacts_;
  Limits limits_;
  Sources sources_;
};

}  // namespace phonofilm::jobs
