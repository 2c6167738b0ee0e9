#include "phonofilm/workers/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "phonofilm/base/error.h"

namespace phonofilm::workers {
namespace {

constexpr int kDescriptors = 4;

// Between fork and exec another thread of the parent may have held any lock: system calls only, no memory.
// First everything moves out of the way of 0 to 3, then into its place.
bool place_descriptors(const std::array<int, kDescriptors>& wanted) {
  std::array<int, kDescriptors> moved{};
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int i = 0; i < kDescriptors; ++i) {
    const int source = wanted[size_t(i)] >= 0 ? wanted[size_t(i)] : nowhere;
    moved[size_t(i)] = fcntl(source, F_DUPFD_CLOEXEC, kDescriptors);
    if (moved[size_t(i)] < 0) return false;
  }
  for (int i = 0; i < kDescriptors; ++i) {
    const bool none = i == 3 && wanted[3] < 0;
    if (none ? close(3) != 0 && errno != EBADF : dup2(moved[size_t(i)], i) < 0) return false;
  }
  return close_range(kDescriptors, ~0U, 0) == 0;
}

void go_first() {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  if (write(file, "500", 3) != 3) errno = 0;  // a wish, no need
  close(file);
}

[[noreturn]] void become(const ChildOptions& options, char* const* arguments, pid_t parent) {
  setpgid(0, 0);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(kNotStarted);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.first_to_go) go_first();
  const rlimit memory{rlim_t(options.memory), rlim_t(options.memory)};
  if (options.memory > 0 && setrlimit(RLIMIT_AS, &memory) != 0) _exit(kNotStarted);
  if (!place_descriptors({options.input, options.output, options.errors, options.channel})) _exit(kNotStarted);
  execv(arguments[0], arguments);
  _exit(kNotStarted);
}

Ending ending_from(int status) {
  if (WIFSIGNALED(status)) return {.signal = WTERMSIG(status)};
  return {.exit_code = WEXITSTATUS(status)};
}

}  // namespace

pid_t start_child(const ChildOptions& options) {
  std::vector<char*> arguments;
  for (const std::string& part : options.command) arguments.push_back(const_cast<char*>(part.c_str()));
  PF_CHECK(!arguments.empty(), InvalidRequest, "start", "no program is named");
  arguments.push_back(nullptr);
  const pid_t parent = getpid(), child = fork();
  PF_CHECK(child >= 0, ResourceError, "start", options.command[0], ": no process can be made: ", std::strerror(errno));
  if (child == 0) become(options, arguments.data(), parent);
  return child;
}

std::optional<Ending> ending_of(pid_t child) {
  int status = 0;
  const pid_t ended = waitpid(child, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
  return ended < 0 ? Ending{.exit_code = kNotStarted} : ending_from(status);
}

Ending wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return {.exit_code = kNotStarted};
  }
  return ending_from(status);
}

std::string words(const Ending& ending) {
  if (ending.signal == 0) return concat("ended with exit code ", ending.exit_code);
  const char* name = sigdescr_np(ending.signal);
  return concat("was ended by signal ", ending.signal, " (", name ? name : "unknown", ")");
}

std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

}  // namespace phonofilm::workers
