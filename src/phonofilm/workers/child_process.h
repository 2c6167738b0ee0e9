// Programs started as children of this one: with few descriptors, limits set before they begin, and no life beyond
// their parent's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace phonofilm::workers {

struct ChildOptions {
  std::vector<std::string> command{};  // path of the program and its arguments
  // The child's descriptors 0, 1, 2 and 3; -1 stands for /dev/null (3: for none). Every other one is closed.
  int input = -1, output = -1, errors = -1, channel = -1;
  std::int64_t memory = 0;     // bytes of address space (RLIMIT_AS); 0: no limit
  bool first_to_go = false;    // the kernel ends it before others when memory runs out
};

// Starts the program in a process group of its own; the kernel kills it when the thread that called this ends. Throws
// ResourceError where no process can be made. A program that is not there ends with kNotStarted.
pid_t start_child(const ChildOptions& options);
inline constexpr int kNotStarted = 127;

// How a process ended.
struct Ending {
  int exit_code = 0;  // when signal is 0
  int signal = 0;
  bool fine() const { return exit_code == 0 && signal == 0; }
};

// The ending of a child, or none while it lives. Reaps it.
std::optional<Ending> ending_of(pid_t child);
Ending wait_for(pid_t child);

// "was ended by signal 11 (Segmentation fault)", "ended with exit code 3".
std::string words(const Ending& ending);

// The path of the running program.
std::string own_program();

}  // namespace phonofilm::workers
