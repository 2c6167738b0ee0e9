#include "phonofilm/jobs/rules.h"

#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/jobs/sources.h"

namespace phonofilm::jobs {
namespace {

constexpr std::int64_t kMaxName = 200;       // bytes of an owner, a key, a worker
constexpr std::int64_t kMaxReason = 2000;    // bytes
constexpr std::int64_t kMaxPriority = 1000;  // either way
constexpr std::int64_t kMaxSteps = 1'000'000;
constexpr std::int64_t kMaxPeriod = 3650LL * 24 * 3600 * 1000;  // ten years in milliseconds: times cannot overflow

void check_text(const std::string& text, const char* what, std::int64_t most, bool may_be_empty = false) {
  PF_REFUSE_UNLESS(may_be_empty || !text.empty(), Refusal::invalid, "job", "the ", what, " is empty");
  PF_REFUSE_UNLESS(std::int64_t(text.size()) <= most, Refusal::invalid, "job", "the ", what, " has ", text.size(),
                   " bytes, at most ", most, " are allowed");
  PF_REFUSE_UNLESS(is_utf8(text) && text.find('\0') == std::string::npos, Refusal::invalid, "job", "the ", what,
                   " is not UTF-8, or contains NUL");
}

void check_number(std::int64_t value, const char* what, std::int64_t low, std::int64_t high) {
  PF_REFUSE_UNLESS(value >= low && value <= high, Refusal::invalid, "job", "the ", what, " is ", value,
                   ", expected a number from ", low, " to ", high);
}

// Cut where no character is broken, without what could steer a terminal: reasons often quote files.
std::string kept_reason(const std::string& reason) {
  std::string kept = is_utf8(reason) ? printable(reason) : excerpt(reason);
  if (std::int64_t(kept.size()) > kMaxReason) {
    size_t end = size_t(kMaxReason);
    while (end > 0 && (static_cast<unsigned char>(kept[end]) & 0xC0) == 0x80) --end;
    kept.resize(end);
  }
  return kept;
}

void expect_lease(const Job& job, const std::string& token) {
  PF_REFUSE_UNLESS(job.state != State::cancelled, Refusal::cancelled, "job", job.id, " was cancelled");
  PF_REFUSE_UNLESS(job.state == State::running && job.lease.token == token, Refusal::lease_lost, "job", job.id,
                   ": this worker's lease is over; the job is ", state_name(job.state));
}

void expect_queued(const Job& job, const char* wish) {
  PF_REFUSE_UNLESS(job.state == State::queued, Refusal::wrong_state, "job", job.id, " is ", state_name(job.state),
                   "; only a queued job can be ", wish);
}

Job queued_again(Job job) {
  job.state = State::queued;
  job.lease.token.clear();
  job.lease.until = 0;
  job.progress = {"", job.checkpoint.step, job.progress.steps, -1};
  return job;
}

Job finished(Job job, State state, Time now) {
  job.state = state;
  job.finished = now;
  job.expires = now + job.retention;
  job.lease.token.clear();
  job.lease.until = 0;
  job.progress.eta = -1;
  job.progress.preview = 0;
  return job;
}

Job retried_or_failed(Job job, const std::string& reason, bool again, Time now) {
  job.failure = kept_reason(reason);
  return again ? queued_again(std::move(job)) : finished(std::move(job), State::failed, now);
}

}  // namespace

void check_request(const std::string& request, const Limits& limits) {
  check_text(request, "request", limits.max_request);
}

void check_worker(const std::string& worker) { check_text(worker, "worker's name", kMaxName); }

void check_submission(const Submission& submission, const Limits& limits) {
  check_text(submission.owner, "owner", kMaxName);
  check_text(submission.key, "idempotency key", kMaxName, /*may_be_empty=*/true);
  check_request(submission.request, limits);
  PF_REFUSE_UNLESS(submission.id.empty() || is_id(submission.id), Refusal::invalid, "job", in_quotes(submission.id),
                   " is no job's id; expected 32 hexadecimal digits");
  check_number(submission.priority, "priority", -kMaxPriority, kMaxPriority);
  check_number(submission.retention.value_or(limits.retention), "retention in milliseconds", 0, kMaxPeriod);
}

void expect_same(const Job& job, const Submission& submission) {
  const bool same = job.request == submission.request && job.priority == submission.priority;
  PF_REFUSE_UNLESS(same, Refusal::conflict, "submit", "the idempotency key ", in_quotes(submission.key),
                   " was used for another request (job ", job.id, "); use a new key, or send the same request");
}

Job submitted(const Submission& submission, const std::string& id, std::int64_t number, Time now,
              const Limits& limits) {
  Job job;
  job.id = id;
  job.owner = submission.owner;
  job.key = submission.key;
  job.request = submission.request;
  job.priority = submission.priority;
  job.number = job.place = number;
  job.created = now;
  job.retention = submission.retention.value_or(limits.retention);
  return job;
}

Job claimed(Job job, const std::string& worker, const std::string& token, Time now, const Limits& limits) {
  expect_queued(job, "claimed");
  job.state = State::running;
  if (job.started == 0) job.started = now;
  ++job.attempts;
  job.lease = {token, worker, now + limits.lease, now};
  return job;
}

Job beaten(Job job, const std::string& token, const Progress& progress, Time now, const Limits& limits) {
  expect_lease(job, token);
  check_text(progress.stage, "stage", kMaxName, /*may_be_empty=*/true);
  check_number(progress.steps, "number of steps", 0, kMaxSteps);
  check_number(progress.step, "step", 0, progress.steps);
  check_number(progress.eta, "remaining time", -1, kMaxPeriod);
  check_number(progress.preview, "number of the preview", 0, kMaxSteps);
  job.progress = progress;
  job.lease.until = now + limits.lease;
  job.lease.heartbeat = now;
  return job;
}

Job checkpointed(Job job, const std::string& token, std::int64_t step) {
  expect_lease(job, token);
  check_number(step, "step", 0, kMaxSteps);
  job.checkpoint = {token, step};
  return job;
}

Job failed(Job job, const std::string& token, const std::string& reason, Fault fault, Time now, const Limits& limits) {
  expect_lease(job, token);
  ++job.failures;
  const bool again =
      fault == Fault::attempt && job.failures < limits.max_failures && job.attempts < limits.max_attempts;
  return retried_or_failed(std::move(job), reason, again, now);
}

Job released(Job job, const std::string& token) {
  expect_lease(job, token);
  --job.attempts;
  return queued_again(std::move(job));
}

Job succeeded(Job job, const std::string& token, const std::vector<std::string>& artifacts, Time now) {
  if (job.state == State::succeeded && job.result == token) return job;
  expect_lease(job, token);
  job.result = token;
  job.artifacts = artifacts;
  job.failure.clear();
  job.checkpoint = {};
  job.progress.step = job.progress.steps;
  return finished(std::move(job), State::succeeded, now);
}

Job recovered(Job job, Time now, const Limits& limits) {
  PF_REFUSE_UNLESS(job.state == State::running && job.lease.until < now, Refusal::wrong_state, "recover", job.id,
                   " has a lease that holds, or none");
  const std::string reason = concat("the worker was lost (attempt ", job.attempts, " of ", limits.max_attempts, ")");
  const bool again = job.attempts < limits.max_attempts;
  return retried_or_failed(std::move(job), reason, again, now);
}

Job cancelled(Job job, Time now) {
  if (job.state == State::cancelled) return job;
  PF_REFUSE_UNLESS(!is_finished(job.state), Refusal::wrong_state, "cancel", job.id, " is ", state_name(job.state),
                   " already");
  return finished(std::move(job), State::cancelled, now);
}

Job edited(Job job, const Edit& edit) {
  expect_queued(job, "edited");
  if (edit.priority) check_number(*edit.priority, "priority", -kMaxPriority, kMaxPriority);
  job.request = edit.request.value_or(job.request);
  job.priority = edit.priority.value_or(job.priority);
  if (edit.request) {  // latents and steps belong to the request that they were computed for
    job.checkpoint = {};
    job.progress = {};
  }
  return job;
}

}  // namespace phonofilm::jobs
