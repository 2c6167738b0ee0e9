#include "phonofilm/world/tune.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace phonofilm::world {
namespace {

constexpr double kSwing = 0.34;      // seconds from the mallet's highest point to the first note, and after the last
constexpr double kHighest = 0.30;    // heights above the bars
constexpr double kPerSecond = 0.65;  // height of an arc per second of its length

double rise_within(double gap) { return std::min(kHighest, kPerSecond * gap); }

// An arc of the mallet that touches the bars at `from` and at `to`.
double arc(double time, double from, double to) {
  const double u = (time - from) / (to - from);
  return rise_within(to - from) * 4 * u * (1 - u);
}

}  // namespace

double bar_frequency(std::int64_t bar) {
  constexpr std::array<int, kBars> kSemitones{3, 5, 7, 10, 12, 15};  // above A4
  return 440 * std::pow(2.0, kSemitones[std::size_t(bar)] / 12.0);
}

double bar_x(std::int64_t bar, double aspect) { return aspect * (0.13 + 0.148 * double(bar)); }

double bar_half_width(double aspect) { return 0.056 * aspect; }

double bar_half_length(std::int64_t bar) { return 0.27 - 0.022 * double(bar); }

std::vector<Note> draw_tune(double seconds, Random& random) {
  constexpr double kEdge = 0.14;
  const double room = seconds - 2 * kEdge;
  const auto fitting = std::int64_t(room / (1.35 * kNotesApart)) + 1;
  const std::int64_t count = std::min<std::int64_t>(fitting, 2 + random.below(5));
  // Free time is dealt out at random, so that every gap is at least kNotesApart.
  const double spare = room - double(count - 1) * kNotesApart;
  std::vector<double> cuts;
  for (std::int64_t i = 0; i < count; ++i) cuts.push_back(random.uniform(0, spare));
  std::sort(cuts.begin(), cuts.end());
  std::vector<Note> notes;
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t bar = random.below(kBars);
    while (!notes.empty() && bar == notes.back().bar) bar = random.below(kBars);
    notes.push_back({kEdge + cuts[std::size_t(i)] + double(i) * kNotesApart, bar, random.uniform(0.6, 1)});
  }
  return notes;
}

const std::vector<std::string>& bar_numbers() {
  static const std::vector<std::string> kNumbers{"one", "two", "three", "four", "five", "six"};
  return kNumbers;
}

double mallet_height(double time, const std::vector<double>& strikes) {
  const auto next = std::upper_bound(strikes.begin(), strikes.end(), time);
  if (next == strikes.begin()) return arc(std::max(time, *next - kSwing), *next - 2 * kSwing, *next);
  const double last = *(next - 1);
  return next == strikes.end() ? arc(std::min(time, last + kSwing), last, last + 2 * kSwing) : arc(time, last, *next);
}

Mallet::Mallet(std::vector<Note> notes, double aspect) : notes_(std::move(notes)), aspect_(aspect) {
  for (const Note& note : notes_) times_.push_back(note.time);
}

// rise * 4 u (1 - u) above the bars: at u = 1 it falls by 4 rise per gap.
double Mallet::speed_before(std::size_t note) const {
  const double gap = note == 0 ? 2 * kSwing : times_[note] - times_[note - 1];
  return 4 * rise_within(gap) / gap;
}

MalletState Mallet::at(double time) const {
  const auto next = std::size_t(std::upper_bound(times_.begin(), times_.end(), time) - times_.begin());
  const double y = kBarMiddle - mallet_height(time, times_);
  const auto x_of = [&](std::size_t note) { return bar_x(notes_[note].bar, aspect_); };
  if (next == 0 || next == notes_.size()) return {x_of(next == 0 ? 0 : next - 1), y};
  const double u = (time - times_[next - 1]) / (times_[next] - times_[next - 1]), eased = u * u * (3 - 2 * u);
  return {x_of(next - 1) + (x_of(next) - x_of(next - 1)) * eased, y};
}

}  // namespace phonofilm::world
