// The state machine of a job: pure functions from a job and what happens to it to the job afterwards, or Refused. They
// are written once; every store executes them inside a transaction (queue.h). docs/jobs.md draws them.
//
//   queued --claim--> running --succeed--> succeeded
//                     running --fail-----> queued (once more), then failed; at once where the request is at fault
//                     running --recover, release--> queued
//   queued, running --cancel--> cancelled
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "phonofilm/jobs/job.h"
#include "phonofilm/jobs/refused.h"

namespace phonofilm::jobs {

struct Limits {
  std::int64_t lease = 60'000;         // milliseconds without a heartbeat before a worker counts as lost
  std::int64_t max_failures = 2;       // fail() ends the job at this one: it is retried once
  std::int64_t max_attempts = 5;       // a job that was begun this often and lost its worker each time has failed
  std::int64_t max_request = 1 << 20;  // bytes
  std::int64_t max_queued = 20'000;    // jobs waiting, of all owners
  std::int64_t max_queued_per_owner = 20'000;
  std::int64_t retention = 7LL * 24 * 3600 * 1000;  // milliseconds that finished jobs are kept by default
  std::int64_t event_retention = 24LL * 3600 * 1000;
  std::int64_t upload_wait = 3600LL * 1000;  // milliseconds that uploads wait for the submission of their job
  std::int64_t max_disk = 100LL << 30;  // bytes of artifacts
  // Beyond, sweep() deletes the oldest finished jobs: publish() writes nothing that would pass max_disk, so that room
  // for films to come is made before it is reached.
  std::int64_t full_disk() const { return max_disk - max_disk / 10; }
};

struct Submission {
  std::string owner{}, key{}, request{};
  std::int64_t priority = 0;
  std::optional<std::int64_t> retention{};  // milliseconds; Limits::retention unless given
  std::string id{};  // of the job, where its uploads are published already; empty: a new one is drawn
  std::function<void()> admit{};  // asked where the job is a new one; what it throws refuses it
};

struct Edit {
  std::optional<std::string> request{};
  std::optional<std::int64_t> priority{};
};

// A worker's word: which job it means and under which lease it computes.
struct LeaseRef {
  std::string job, token;
};

// What a failure is blamed on: the attempt, which is repeated once, or the request, which no attempt can fulfil.
enum class Fault { attempt, request };

// Throw Refused(invalid) for texts that are empty, too long or no UTF-8.
void check_submission(const Submission& submission, const Limits& limits);
void check_request(const std::string& request, const Limits& limits);
void check_worker(const std::string& worker);

// Whether a submission under a key that is taken asks for the same; otherwise Refused(conflict).
void expect_same(const Job& job, const Submission& submission);

Job submitted(const Submission& submission, const std::string& id, std::int64_t number, Time now,
              const Limits& limits);
Job claimed(Job job, const std::string& worker, const std::string& token, Time now, const Limits& limits);
// These four, and succeeded, refuse with cancelled or lease_lost unless the token is the one of the lease. A lease
// that has run out counts until recover() has taken it: a worker that slept goes on where nobody else has begun.
Job beaten(Job job, const std::string& token, const Progress& progress, Time now, const Limits& limits);
Job checkpointed(Job job, const std::string& token, std::int64_t step);
Job failed(Job job, const std::string& token, const std::string& reason, Fault fault, Time now, const Limits& limits);
Job released(Job job, const std::string& token);
// Said again under the lease that succeeded, it changes nothing.
Job succeeded(Job job, const std::string& token, const std::vector<std::string>& artifacts, Time now);
// A lease that has run out: the job is queued again with its checkpoint, or failed at its last attempt.
// Refused(wrong_state) while the lease holds.
Job recovered(Job job, Time now, const Limits& limits);
// Of a cancelled job: no change. Of another finished one: Refused(wrong_state).
Job cancelled(Job job, Time now);
Job edited(Job job, const Edit& edit);

}  // namespace phonofilm::jobs
