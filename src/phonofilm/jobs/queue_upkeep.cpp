// What keeps the queue alive: lost workers, retention, disk, figures.
#include <algorithm>

#include "phonofilm/jobs/queue.h"
#include "phonofilm/jobs/recording.h"

namespace phonofilm::jobs {
namespace {

// Folders of leases that a job still needs: the present one, the latents to go on from, the result.
bool refers_to(const Job& job, const std::string& run) {
  return run == job.lease.token || run == job.checkpoint.run || run == job.result || run == kUploads;
}

}  // namespace

std::optional<Job> Queue::peek(const std::string& id) {
  std::optional<Job> job;
  store_.transact([&](Transaction& transaction) { job = transaction.peek(id); });
  return job;
}

// False where the worker came back between the search and this transaction.
bool Queue::recover_one(const std::string& id) {
  bool taken = false;
  store_.transact([&](Transaction& transaction) {
    const std::optional<Job> before = transaction.find(id);
    const Time now = sources_.clock();
    taken = before && before->state == State::running && before->lease.until < now;
    if (!taken) return;
    const Job after = recovered(*before, now, limits_);
    record(transaction, *before, after, after.state == State::failed ? EventKind::failed : EventKind::recovered, now);
  });
  return taken;
}

std::int64_t Queue::recover() {
  std::vector<std::string> ids;
  store_.transact([&](Transaction& transaction) { ids = transaction.lost(sources_.clock()); });
  return std::count_if(ids.begin(), ids.end(), [&](const std::string& id) { return recover_one(id); });
}

// False where its owner was quicker.
bool Queue::sweep_job(const std::string& id) {
  try {
    remove({.admin = true}, id);
  } catch (const Refused&) {
    return false;
  }
  return true;
}

Swept Queue::sweep() {
  Swept swept;
  const Time now = sources_.clock();
  std::vector<std::string> ids;
  store_.transact([&](Transaction& transaction) {
    ids = transaction.expired(now);
    transaction.forget_events(now - limits_.event_retention);
  });
  swept.jobs = std::count_if(ids.begin(), ids.end(), [&](const std::string& id) { return sweep_job(id); });
  swept.folders = sweep_folders();
  swept.jobs += sweep_disk();
  return swept;
}

// Uploads are published before their job is submitted.
bool Queue::awaits_submission(const std::string& id, const std::vector<std::string>& runs, Time since) const {
  const bool uploads = runs.empty() || (runs.size() == 1 && runs[0] == kUploads);
  return uploads && artifacts_.changed(id) > since;
}

// Folders are listed before the job is looked up: a folder is younger than the claim that allows it, so that one whose
// lease is unknown to the row belongs to a lease of the past. What nobody came for goes before any finished job does:
// where the disk is full it waits no longer than a submission could take.
std::int64_t Queue::sweep_folders() {
  const bool full = artifacts_.bytes() > limits_.full_disk();
  const Time since = sources_.clock() - limits_.upload_wait / (full ? 10 : 1);
  std::int64_t removed = 0;
  for (const std::string& id : artifacts_.jobs()) {
    const std::vector<std::string> runs = artifacts_.runs(id);
    const std::optional<Job> job = peek(id);
    if (!job) {
      if (awaits_submission(id, runs, since)) continue;
      artifacts_.remove(id);
      ++removed;
      continue;
    }
    for (const std::string& run : runs) {
      if (refers_to(*job, run)) continue;
      artifacts_.remove_run(id, run);
      ++removed;
    }
  }
  return removed;
}

// Jobs without files stay: their end frees nothing.
std::int64_t Queue::sweep_disk() {
  std::int64_t excess = artifacts_.bytes() - limits_.full_disk();
  if (excess <= 0) return 0;
  std::vector<std::string> ids;
  store_.transact([&](Transaction& transaction) { ids = transaction.finished(); });
  std::int64_t removed = 0;
  for (auto id = ids.begin(); id != ids.end() && excess > 0; ++id) {
    if (artifacts_.runs(*id).empty()) continue;
    const std::int64_t bytes = artifacts_.bytes_of(*id);
    if (!sweep_job(*id)) continue;
    excess -= bytes;
    ++removed;
  }
  return removed;
}

std::map<std::string, std::int64_t> Queue::bytes_by_owner() {
  std::map<std::string, std::int64_t> bytes;
  for (const std::string& id : artifacts_.jobs()) {
    if (const std::optional<Job> job = peek(id)) bytes[job->owner] += artifacts_.bytes_of(id);
  }
  return bytes;
}

QueueCounts Queue::counts() {
  QueueCounts counts;
  store_.transact([&](Transaction& transaction) { counts = transaction.counts(); });
  return counts;
}

}  // namespace phonofilm::jobs
