// Malformed checkpoint files by the hundred, each with the part of the message that must explain it.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "phonofilm/base/error.h"
#include "support/support.h"
#include "weights/allocation_meter.h"
#include "weights/memory_meter.h"

namespace phonofilm::test {

struct Fault {
  std::string kind;     // class of fault, for reports
  std::string bytes;    // the file
  std::string message;  // what the error must say
};
using Faults = std::vector<Fault>;

// While it lives, the process may map and allocate no more than `extra` bytes: whoever believes a size that a file merely
// claims runs into std::bad_alloc, whether or not the memory is ever touched.
class AddressSpaceLimit {
 public:
  explicit AddressSpaceLimit(std::uint64_t extra) {
    getrlimit(RLIMIT_AS, &before_);
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlimit limit{pages * std::uint64_t(getpagesize()) + extra, before_.rlim_max};
    if (pages > 0 && !kSanitized) setrlimit(RLIMIT_AS, &limit);
  }
  ~AddressSpaceLimit() { setrlimit(RLIMIT_AS, &before_); }
  AddressSpaceLimit(const AddressSpaceLimit&) = delete;
  AddressSpaceLimit& operator=(const AddressSpaceLimit&) = delete;

 private:
#ifdef __SANITIZE_ADDRESS__
  static constexpr bool kSanitized = true;  // its shadow memory spans the whole address space
#else
  static constexpr bool kSanitized = false;
#endif
  rlimit before_{};
};

// What a file may cost beside its own size: a parsed header takes some dozen bytes for each of its own, the longest message
// a few kilobytes.
inline std::size_t allowed_bytes(const Fault& fault) { return (std::size_t{1} << 20) + 64 * fault.bytes.size(); }

// The CheckpointError that opening `path` throws, and what it cost.
struct Refusal {
  std::string message = "accepted";
  std::size_t bytes = 0, tensor_bytes = 0;
};
inline Refusal refusal_of(const std::string& path, const std::function<void(const std::string&)>& open) {
  Refusal refusal;
  const MemoryMeter tensors;
  const std::size_t before = AllocationMeter::alive();
  AllocationMeter::reset_peak();
  try {
    open(path);
  } catch (const CheckpointError& error) {
    refusal.message = error.what();
  }
  refusal.bytes = AllocationMeter::peak() - before;
  refusal.tensor_bytes = tensors.peak();
  return refusal;
}

inline void check_refusal(const Fault& fault, const std::string& path, const Refusal& refusal) {
  CAPTURE(fault.kind);
  CAPTURE(fault.message);
  CAPTURE(refusal.message);
  CHECK(refusal.message.find(path) != std::string::npos);
  CHECK(refusal.message.find(fault.message) != std::string::npos);
  CHECK(refusal.message.size() < 2000);
  for (const std::string& line : split(refusal.message, '\n')) CHECK(printable(line) == line);
  CHECK(refusal.bytes < allowed_bytes(fault));
  CHECK(refusal.tensor_bytes <= fault.bytes.size());
}

// Opens every file, expects the CheckpointError that fits it at no more than the cost of its own size, and returns how many
// different ones there were. `beside`: files that lie in the same folder.
inline std::size_t check_refused(const Faults& faults, const std::function<void(const std::string&)>& open,
                                 const std::map<std::string, std::string>& beside = {}) {
  const TemporaryFolder folder;
  for (const auto& [name, bytes] : beside) std::ofstream(folder.file(name), std::ios::binary) << bytes;
  const std::string path = folder.file("corrupt_checkpoint");
  std::set<std::string> different;
  const AddressSpaceLimit limit(256 << 20);
  for (const Fault& fault : faults) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << fault.bytes;
    check_refusal(fault, path, refusal_of(path, open));
    different.insert(fault.bytes);
  }
  MESSAGE(different.size(), " different files were refused");
  return different.size();
}

}  // namespace phonofilm::test
