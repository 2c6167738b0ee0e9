// Ctrl-C as a request: while a guard lives, the first SIGINT or SIGTERM sets a flag (a second one ends the program).
#pragma once

#include "phonofilm/base/progress.h"

namespace phonofilm::cli {

class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  bool requested() const;
};

// Progress on the terminal until Ctrl-C.
class InterruptibleProgress {
 public:
  // Shows what it is told, and says whether to go on. Holds as long as this object.
  Observer observer() {
    return [this](const ProgressEvent& event) {
      shown_.show(event);
      return !interrupt_.requested();
    };
  }

 private:
  TerminalProgress shown_;
  InterruptGuard interrupt_;
};

}  // namespace phonofilm::cli
