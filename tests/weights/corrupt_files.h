// Malformed checkpoint files by the hundred, each with the part of the message that must explain it.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "phonofilm/base/error.h"
#include "support/support.h"

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

// Opens every file, expects the CheckpointError that fits it, and returns how many there were.
inline std::size_t check_refused(const Faults& faults, const std::function<void(const std::string&)>& open) {
  const TemporaryFolder folder;
  const std::string path = folder.file("corrupt_checkpoint");
  const AddressSpaceLimit limit(256 << 20);
  for (const Fault& fault : faults) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << fault.bytes;
    CAPTURE(fault.kind);
    CAPTURE(fault.message);
    std::string message = "accepted";
    try {
      open(path);
    } catch (const CheckpointError& error) {
      message = error.what();
    }
    CAPTURE(message);
    CHECK(message.find(path) != std::string::npos);
    CHECK(message.find(fault.message) != std::string::npos);
    CHECK(message.size() < 2000);
  }
  return faults.size();
}

}  // namespace phonofilm::test
