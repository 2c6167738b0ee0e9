#include "phonofilm/workers/sandbox.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <vector>

#include "phonofilm/base/error.h"

namespace phonofilm::workers {
namespace {

constexpr const char* kOperation = "sandbox";

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the sandbox knows the system calls of x86-64 and ARM64"
#endif

// All that a decoder without threads needs once its file and pipe are open.
constexpr std::array kAllowed{
    SYS_read,         SYS_write,      SYS_readv,          SYS_writev,       SYS_pread64,       SYS_lseek,
    SYS_close,        SYS_mmap,       SYS_munmap,         SYS_mremap,       SYS_mprotect,      SYS_madvise,
    SYS_brk,          SYS_futex,      SYS_exit,           SYS_exit_group,   SYS_clock_gettime, SYS_clock_getres,
    SYS_gettimeofday, SYS_nanosleep,  SYS_clock_nanosleep, SYS_sched_yield, SYS_getrandom,     SYS_rt_sigprocmask,
    SYS_rt_sigreturn, SYS_rt_sigaction, SYS_sigaltstack,  SYS_getpid,       SYS_gettid,
    SYS_sched_getaffinity, SYS_restart_syscall};

sock_filter statement(std::uint16_t code, std::uint32_t value) { return {code, 0, 0, value}; }

sock_filter skip_unless_equal(std::uint32_t value, std::uint8_t skipped) {
  return {std::uint16_t(BPF_JMP | BPF_JEQ | BPF_K), 0, skipped, value};
}

// Another architecture's numbers mean other calls; numbers of the x32 ABI are on no list.
std::vector<sock_filter> build_filter() {
  const sock_filter kill = statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  const sock_filter allow = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  std::vector<sock_filter> filter{statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
                                  skip_unless_equal(kArchitecture, 1),
                                  {std::uint16_t(BPF_JMP | BPF_JA), 0, 0, 1},
                                  kill,
                                  statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const long call : kAllowed) {
    filter.push_back(skip_unless_equal(std::uint32_t(call), 1));
    filter.push_back(allow);
  }
  filter.push_back(kill);
  return filter;
}

std::int64_t address_space() {
  std::int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  PF_CHECK(pages > 0, ResourceError, kOperation, "/proc/self/statm: cannot be read; is /proc mounted?");
  return pages * sysconf(_SC_PAGESIZE);
}

std::int64_t cpu_seconds_used() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + 1;
}

void limit(__rlimit_resource what, std::int64_t value) {
  rlimit both{};
  getrlimit(what, &both);
  both.rlim_max = std::min(both.rlim_max, rlim_t(value));  // what was inherited cannot be raised
  both.rlim_cur = both.rlim_max;
  PF_CHECK(setrlimit(what, &both) == 0, ResourceError, kOperation, "a limit cannot be set: ", std::strerror(errno));
}

}  // namespace

void enter_sandbox(const SandboxLimits& limits) {
  limit(RLIMIT_AS, address_space() + limits.memory);
  limit(RLIMIT_CPU, cpu_seconds_used() + limits.cpu_seconds);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, 0);  // what is open stays open
  std::vector<sock_filter> filter = build_filter();
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  const bool in = prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  PF_CHECK(in, ResourceError, kOperation, "the kernel gives no filter for system calls: ", std::strerror(errno));
}

}  // namespace phonofilm::workers
