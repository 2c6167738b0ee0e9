// Ctrl-C as a request: while a guard lives, the first SIGINT or SIGTERM sets a flag (a second one ends the program).
#pragma once

namespace phonofilm::cli {

class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  bool requested() const;
};

}  // namespace phonofilm::cli
