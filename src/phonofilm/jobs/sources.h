// Time and randomness, which the queue is given, so that tests decide both; and the points at which a test may stop
// it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "phonofilm/jobs/job.h"

namespace phonofilm::jobs {

using Clock = std::function<Time()>;
using IdSource = std::function<std::string()>;

// The machine's wall clock: leases and retention outlive the process, so that a monotonic clock would not do.
Time wall_clock();

// 128 bits of the system's randomness as 32 hexadecimal digits. Throws ResourceError where there is none.
std::string random_id();

// Whether `text` has the form of an id: 32 digits of 0-9a-f.
bool is_id(std::string_view text);

// Called before each statement and each operation on files, with its name. A test ends the process or switches threads
// there; a program leaves it empty.
using Probe = std::function<void(const char* point)>;

inline void pass(const Probe& probe, const char* point) {
  if (probe) probe(point);
}

}  // namespace phonofilm::jobs
