// What workers say of the jobs that they compute.
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/jobs/queue.h"
#include "phonofilm/jobs/recording.h"

namespace phonofilm::jobs {
namespace {

Job running(Transaction& transaction, const LeaseRef& lease) {
  const std::optional<Job> job = is_id(lease.job) ? transaction.find(lease.job) : std::nullopt;
  PF_REFUSE_UNLESS(job, Refusal::not_found, "job", "there is no job ", in_quotes(lease.job),
                   "; it was deleted: stop computing");
  return *job;
}

}  // namespace

std::optional<Job> Queue::claim(const std::string& worker) {
  check_worker(worker);
  const std::string token = sources_.ids();
  std::optional<Job> taken;
  store_.transact([&](Transaction& transaction) {
    taken = transaction.find_lease(token);  // this claim, if an answer to its commit was lost
    if (taken) return;
    const std::optional<Job> next = transaction.next_queued();
    if (!next) return;
    const Time now = sources_.clock();
    taken = claimed(*next, worker, token, now, limits_);
    transaction.update(*taken);
    const std::int64_t sequence = transaction.next_sequence();
    transaction.served(taken->owner, sequence);
    transaction.append(event_for(*taken, EventKind::started, sequence, now));
  });
  return taken;
}

Job Queue::worker_says(const LeaseRef& lease, const Rule& rule, EventKind kind) {
  Job job;
  store_.transact([&](Transaction& transaction) {
    const Job before = running(transaction, lease);
    job = rule(before);
    // An attempt that failed may mean another one.
    const bool again = kind == EventKind::failed && job.state == State::queued;
    record(transaction, before, job, again ? EventKind::retried : kind, sources_.clock());
  });
  return job;
}

Job Queue::heartbeat(const LeaseRef& lease, const Progress& progress) {
  const Rule rule = [&](Job job) { return beaten(std::move(job), lease.token, progress, sources_.clock(), limits_); };
  return worker_says(lease, rule, EventKind::progress);
}

Job Queue::fail(const LeaseRef& lease, const std::string& reason, Fault fault) {
  const Rule rule = [&](Job job) {
    return failed(std::move(job), lease.token, reason, fault, sources_.clock(), limits_);
  };
  return worker_says(lease, rule, EventKind::failed);
}

Job Queue::release(const LeaseRef& lease) {
  const Rule rule = [&](Job job) { return released(std::move(job), lease.token); };
  return worker_says(lease, rule, EventKind::released);
}

// Files first, then the row: a row never refers to what is not there.
Job Queue::worker_published(const LeaseRef& lease, const std::vector<std::string>& names, const Rule& rule,
                            EventKind kind) {
  PF_REFUSE_UNLESS(is_id(lease.job) && is_id(lease.token), Refusal::invalid, "job", in_quotes(lease.job), " under ",
                   in_quotes(lease.token), " is no lease");
  const Rule checked = [&](Job job) {
    Job after = rule(std::move(job));
    for (const std::string& name : names) {
      PF_REFUSE_UNLESS(artifacts_.has(lease.job, lease.token, name), Refusal::invalid, "job", after.id, ": ",
                       in_quotes(name), " was not published under this lease; publish files first");
    }
    return after;
  };
  try {
    return worker_says(lease, checked, kind);
  } catch (const Refused& refused) {
    if (refused.reason() != Refusal::invalid) discard(lease);
    throw;
  }
}

Job Queue::save_checkpoint(const LeaseRef& lease, std::int64_t step) {
  const auto rule = [&](Job job) { return checkpointed(std::move(job), lease.token, step); };
  return worker_published(lease, {std::string(kLatents)}, rule, EventKind::checkpoint);
}

Job Queue::succeed(const LeaseRef& lease, const std::vector<std::string>& names) {
  PF_REFUSE_UNLESS(!names.empty(), Refusal::invalid, "job", lease.job, ": a success without any file");
  const auto rule = [&](Job job) { return succeeded(std::move(job), lease.token, names, sources_.clock()); };
  return worker_published(lease, names, rule, EventKind::succeeded);
}

// A worker that came too late. Its saved latents may be what another worker goes on from.
void Queue::discard(const LeaseRef& lease) {
  const std::optional<Job> job = peek(lease.job);
  if (!job) {
    artifacts_.remove(lease.job);
  } else if (lease.token != job->checkpoint.run && lease.token != job->result) {
    artifacts_.remove_run(lease.job, lease.token);
  }
}

}  // namespace phonofilm::jobs
