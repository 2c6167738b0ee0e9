// Jobs and events as rows of their tables, and back.
#pragma once

#include <string>

#include "phonofilm/jobs/database.h"
#include "phonofilm/jobs/job.h"

namespace phonofilm::jobs {

// "id, owner, ...": the columns of jobs in the order of to_row and to_job.
const std::string& job_columns();
// "$1, $2, ...": as many.
const std::string& job_parameters();
// "owner = $2, ...": all but the id, which is $1.
const std::string& job_assignments();
Row to_row(const Job& job);
// Throws StoreError for a row that cannot be one of a job.
Job to_job(const Row& row);

inline constexpr const char* kEventColumns = "sequence, job, owner, kind, state, step, steps, happened";
Row to_row(const Event& event);
Event to_event(const Row& row);

}  // namespace phonofilm::jobs
