#include "phonofilm/jobs/job_rows.h"

#include <array>

#include "phonofilm/base/text.h"

namespace phonofilm::jobs {
namespace {

constexpr std::array<const char*, 29> kColumns{
    "id",     "owner",       "key",       "request",    "state",           "priority",  "number",
    "place",  "created",     "started",   "finished",   "expires",         "retention", "stage",
    "step",   "steps",       "eta",       "attempts",   "failures",        "failure",   "token",
    "worker", "lease_until", "heartbeat", "checkpoint", "checkpoint_step", "result",    "artifacts",
    "preview"};

// Reads the columns of a row one after another.
class Reader {
 public:
  explicit Reader(const Row& row) : row_(row) {}
  std::int64_t number() { return integer(row_, next_++); }
  std::string word() { return text(row_, next_++); }

 private:
  const Row& row_;
  size_t next_ = 0;
};

std::string listed(const std::function<std::string(size_t)>& part, size_t first) {
  std::vector<std::string> parts;
  for (size_t i = first; i < kColumns.size(); ++i) parts.push_back(part(i));
  return join(parts, ", ");
}

}  // namespace

const std::string& job_columns() {
  static const std::string columns = listed([](size_t i) { return std::string(kColumns[i]); }, 0);
  return columns;
}

const std::string& job_parameters() {
  static const std::string parameters = listed([](size_t i) { return concat("$", i + 1); }, 0);
  return parameters;
}

const std::string& job_assignments() {
  static const std::string assignments = listed([](size_t i) { return concat(kColumns[i], " = $", i + 1); }, 1);
  return assignments;
}

Row to_row(const Job& job) {
  const Value key = job.key.empty() ? Value() : Value(job.key);  // NULLs are all different, empty texts are not
  const std::string state(state_name(job.state));
  return {job.id, job.owner, key, job.request, state, job.priority, job.number, job.place, job.created, job.started,
          job.finished, job.expires, job.retention, job.progress.stage, job.progress.step, job.progress.steps,
          job.progress.eta, job.attempts, job.failures, job.failure, job.lease.token, job.lease.worker,
          job.lease.until, job.lease.heartbeat, job.checkpoint.run, job.checkpoint.step, job.result,
          join(job.artifacts, "/"), job.progress.preview};
}

Job to_job(const Row& row) {
  Reader read(row);
  Job job;
  job.id = read.word(), job.owner = read.word(), job.key = read.word(), job.request = read.word();
  job.state = state_of(read.word());
  job.priority = read.number(), job.number = read.number(), job.place = read.number();
  job.created = read.number(), job.started = read.number(), job.finished = read.number();
  job.expires = read.number(), job.retention = read.number();
  job.progress.stage = read.word(), job.progress.step = read.number();
  job.progress.steps = read.number(), job.progress.eta = read.number();
  job.attempts = read.number(), job.failures = read.number(), job.failure = read.word();
  job.lease.token = read.word(), job.lease.worker = read.word();
  job.lease.until = read.number(), job.lease.heartbeat = read.number();
  job.checkpoint.run = read.word(), job.checkpoint.step = read.number();
  job.result = read.word();
  const std::string artifacts = read.word();
  if (!artifacts.empty()) job.artifacts = split(artifacts, '/');
  job.progress.preview = read.number();
  return job;
}

Row to_row(const Event& event) {
  const std::string kind(event_name(event.kind)), state(state_name(event.state));
  return {event.sequence, event.job, event.owner, kind, state, event.step, event.steps, event.at};
}

Event to_event(const Row& row) {
  Reader read(row);
  Event event;
  event.sequence = read.number(), event.job = read.word(), event.owner = read.word();
  event.kind = event_of(read.word()), event.state = state_of(read.word());
  event.step = read.number(), event.steps = read.number(), event.at = read.number();
  return event;
}

}  // namespace phonofilm::jobs
