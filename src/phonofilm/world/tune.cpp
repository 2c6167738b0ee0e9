#include "phonofilm/world/tune.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace phonofilm::world {
namespace {

constexpr double kSwing = 0.34;      // seconds from the mallet's highest point to the first note, and after the last
constexpr double kHighest = 0.30;    // heights above the bars
constexpr double kPerSecond = 0.65;  // height of an arc per second of its length

}  // namespace

double bar_frequency(std::int64_t bar) {
  constexpr std::array<int, kBars> kSemitones{3, 5, 7, 10, 12, 15};  // above A4
  return 440 * std::pow(2.0, kSemitones[std::size_t(bar)] / 12.0);
}

double bar_x(std::int64_t bar, double aspect) { return aspect * (0.13 + 0.148 * double(bar)); }

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

double Mallet::gap_before(std::size_t note) const {
  return note == 0 ? 2 * kSwing : notes_[note].time - notes_[note - 1].time;
}

double Mallet::rise_before(std::size_t note) const { return std::min(kHighest, kPerSecond * gap_before(note)); }

// y = rise * 4 u (1 - u) above the bars: at u = 1 it falls by 4 rise per gap.
double Mallet::speed_before(std::size_t note) const { return 4 * rise_before(note) / gap_before(note); }

MalletState Mallet::at(double time) const {
  const auto later = [](double t, const Note& note) { return t < note.time; };
  const auto next = std::size_t(std::upper_bound(notes_.begin(), notes_.end(), time, later) - notes_.begin());
  if (next == notes_.size()) {  // up again, and there it stays
    const double u = std::min((time - notes_.back().time) / (2 * kSwing), 0.5);
    return {bar_x(notes_.back().bar, aspect_), kBarMiddle - kHighest * 4 * u * (1 - u)};
  }
  const double to = bar_x(notes_[next].bar, aspect_), rise = rise_before(next);
  const double u = 1 - (notes_[next].time - time) / gap_before(next);
  if (next == 0) {  // it waits at its highest point
    const double waiting = std::max(u, 0.5);
    return {to, kBarMiddle - rise * 4 * waiting * (1 - waiting)};
  }
  const double from = bar_x(notes_[next - 1].bar, aspect_), eased = u * u * (3 - 2 * u);
  return {from + (to - from) * eased, kBarMiddle - rise * 4 * u * (1 - u)};
}

}  // namespace phonofilm::world
