// Writing a changed job together with the event that tells of it.
#pragma once

#include "phonofilm/jobs/store.h"

namespace phonofilm::jobs {

inline Event event_for(const Job& job, EventKind kind, std::int64_t sequence, Time now) {
  return {sequence, job.id, job.owner, kind, job.state, job.progress.step, job.progress.steps, now};
}

// What changed nothing leaves no event. Returns the job as it is stored.
inline Job record(Transaction& transaction, const Job& before, const Job& after, EventKind kind, Time now) {
  if (after == before) return after;
  transaction.update(after);
  transaction.append(event_for(after, kind, transaction.next_sequence(), now));
  return after;
}

}  // namespace phonofilm::jobs
