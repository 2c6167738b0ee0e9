#include "phonofilm/cli/interrupt.h"

#include <csignal>

namespace phonofilm::cli {
namespace {

// A signal handler can reach nothing but a static object.
volatile std::sig_atomic_t interrupted = 0;

void on_signal(int signal) {
  if (interrupted) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  interrupted = 1;
}

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted = 0;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool InterruptGuard::requested() const { return interrupted != 0; }

}  // namespace phonofilm::cli
