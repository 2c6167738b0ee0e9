#include "phonofilm/base/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "phonofilm/base/text.h"

namespace phonofilm {
namespace {

std::string bar(double fraction) {
  constexpr int kWidth = 24;
  const int filled = std::clamp(int(fraction * kWidth), 0, kWidth);
  return "[" + std::string(filled, '=') + std::string(kWidth - filled, ' ') + "]";
}

std::string describe(const ProgressEvent& event, double elapsed, std::int64_t done_since_start) {
  std::string line = event.stage;
  if (event.total > 0) {
    line += concat(" ", bar(double(event.done) / double(event.total)), " ", event.done, "/", event.total);
    const bool running = done_since_start > 0 && event.done < event.total;
    if (running) {
      line += ", " + human_seconds(elapsed / double(done_since_start) * double(event.total - event.done)) + " left";
    }
  }
  if (!event.detail.empty()) line += ", " + event.detail;
  return line;
}

}  // namespace

TerminalProgress::TerminalProgress() : is_terminal_(isatty(STDERR_FILENO) != 0) {}
TerminalProgress::~TerminalProgress() { finish_line(); }

void TerminalProgress::finish_line() {
  if (line_open_) std::fputs("\n", stderr);
  line_open_ = false;
}

void TerminalProgress::show(const ProgressEvent& event) {
  const auto now = Clock::now();
  const bool new_stage = event.stage != stage_;
  if (new_stage) {
    finish_line();
    stage_ = event.stage;
    stage_start_ = now;
    first_done_ = event.done;
    last_drawn_ = {};
  }
  const double elapsed = std::chrono::duration<double>(now - stage_start_).count();
  const double since_drawn = std::chrono::duration<double>(now - last_drawn_).count();
  const bool last = event.total > 0 && event.done >= event.total;
  if (since_drawn < (is_terminal_ ? 0.1 : 5.0) && !last) return;
  last_drawn_ = now;
  const std::string line = describe(event, elapsed, event.done - first_done_);
  if (is_terminal_) {
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    line_open_ = true;
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

}  // namespace phonofilm
