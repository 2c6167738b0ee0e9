// Ids and times that a test decides, and short forms of what tests of the queue do again and again.
#pragma once

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>

#include "phonofilm/jobs/queue.h"
#include "support/temporary_folder.h"

namespace phonofilm::test {

// The n-th id: its digits.
inline std::string id_of(std::int64_t n) {
  std::string id = std::to_string(n);
  return std::string(32 - id.size(), '0') + id;
}

// A clock that stands until it is set, and ids that count.
struct TestSources {
  jobs::Time now = 1'000'000;
  std::int64_t last_id = 0;
  jobs::Sources sources() {
    return {[this] { return now; }, [this] { return id_of(++last_id); }};
  }
};

inline jobs::LeaseRef lease_of(const jobs::Job& job) { return {job.id, job.lease.token}; }

// The refusal that `action` ends in, or nothing.
template <class Action>
std::optional<jobs::Refusal> refusal_of(const Action& action) {
  try {
    action();
  } catch (const jobs::Refused& refused) {
    return refused.reason();
  }
  return {};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A folder in memory where the system has one: the tests flush thousands of times. TMPDIR decides otherwise.
class QuickFolder {
 public:
  QuickFolder() : was_set_(std::getenv("TMPDIR") != nullptr) {
    if (!was_set_ && std::filesystem::is_directory("/dev/shm")) setenv("TMPDIR", "/dev/shm", 1);
    folder_.emplace();
    if (!was_set_) unsetenv("TMPDIR");
  }
  std::string file(const std::string& name) const { return folder_->file(name); }

 private:
  bool was_set_;
  std::optional<TemporaryFolder> folder_;
};

}  // namespace phonofilm::test
