// Progress of long work, as events that a caller may show, store or send. Libraries report; they never print.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace phonofilm {

struct ProgressEvent {
  std::string stage;       // "denoise", "decode", ...
  std::int64_t done = 0;   // steps finished in this stage
  std::int64_t total = 0;  // 0 when unknown
  std::string detail{};    // free text, e.g. "loss 0.134"
};

// Returns false to cancel: the work then stops after the current step and throws Cancelled, keeping what it has.
using Observer = std::function<bool(const ProgressEvent&)>;

// An observer that watches nothing.
inline bool ignore_progress(const ProgressEvent&) { return true; }

// Draws one live line with bar, rate and ETA on a terminal (or a line every few seconds when stderr is a file).
class TerminalProgress {
 public:
  TerminalProgress();
  ~TerminalProgress();  // ends the line
  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;
  void show(const ProgressEvent& event);

 private:
  using Clock = std::chrono::steady_clock;
  void finish_line();
  std::string stage_;
  std::int64_t first_done_ = 0;
  Clock::time_point stage_start_{}, last_drawn_{};
  bool is_terminal_ = false, line_open_ = false;
};

}  // namespace phonofilm
