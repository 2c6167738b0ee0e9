// What a process may still do while it handles a file of unknown origin: compute, read and write what is already open,
// and end. No file can be opened, no socket made, no program or thread started, nobody else seen or signalled.
//
// The rules are a seccomp filter (Linux's seccomp(2), classic BPF): a system call that is not on the list kills the
// process with SIGSYS. Limits on memory, processor time and files stand beside it, so that a filter that cannot be had
// does not leave the process free: it is then refused.
#pragma once

#include <cstdint>

namespace phonofilm::workers {

struct SandboxLimits {
  std::int64_t memory = std::int64_t(2) << 30;  // bytes of address space beyond what the process has now
  std::int64_t cpu_seconds = 60;                // beyond what it has used; then SIGXCPU
};

// From here on this process is in the sandbox, for good. The process must have one thread. Throws ResourceError where
// the kernel has no such filters.
void enter_sandbox(const SandboxLimits& limits);

}  // namespace phonofilm::workers
