#include "phonofilm/eval/tune.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phonofilm/base/text.h"
#include "phonofilm/eval/onsets.h"
#include "phonofilm/eval/scoring.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/tune.h"

namespace phonofilm::eval {
namespace {

constexpr double kLowest = 400, kHighest = 1400;  // Hz
constexpr double kPitchWindow = 0.10;             // seconds
constexpr double kTogether = 0.08;                // seconds: further apart, strike and onset are not one

// Power of a windowed stretch between kLowest and kHighest, zero-padded to bins of about a hertz.
std::vector<double> power_from(const std::vector<double>& wave, double rate, double start, double bin) {
  const auto size = std::int64_t(kPitchWindow * rate), padded = std::int64_t(rate / bin);
  const Tensor stretch = at::zeros({padded}, at::kDouble);
  double* data = stretch.data_ptr<double>();
  for (std::int64_t i = 0; i < size; ++i) {
    const auto n = std::int64_t(std::lround(start * rate)) + i;
    const double hann = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * double(i) / double(size));
    data[i] = n >= 0 && n < std::int64_t(wave.size()) ? hann * wave[std::size_t(n)] : 0;
  }
  const Tensor power = at::fft_rfft(stretch).abs().square().contiguous();
  const double* p = power.const_data_ptr<double>();
  return {p + std::int64_t(kLowest / bin), p + std::int64_t(kHighest / bin)};
}

struct HeardNote {
  double time = 0;
  std::optional<double> pitch;  // Hz
};

std::vector<HeardNote> heard_notes(const Clip& clip) {
  const std::vector<double> wave = mono_samples(clip.waveform);
  std::vector<HeardNote> notes;
  for (const Onset& onset : find_onsets(clip.waveform, clip.sample_rate)) {
    notes.push_back({onset.time, new_pitch(wave, double(clip.sample_rate), onset.time)});
  }
  return notes;
}

std::int64_t bar_of_pitch(double frequency) {
  std::int64_t nearest = 0;
  for (std::int64_t bar = 1; bar < world::kBars; ++bar) {
    const auto off = [&](std::int64_t b) { return std::abs(std::log(frequency / world::bar_frequency(b))); };
    if (off(bar) < off(nearest)) nearest = bar;
  }
  return nearest;
}

template <class Events>
std::vector<double> times_of(const Events& events) {
  std::vector<double> times;
  for (const auto& event : events) times.push_back(event.time);
  return times;
}

// Whether what is struck sounds and what sounds is struck, one to one, and the pitch of every such onset against its bar.
void compare_pitches(const std::vector<BarStrike>& strikes, const std::vector<HeardNote>& notes, Readings& readings) {
  const auto pairs = nearest_pairs(times_of(strikes), times_of(notes), kTogether);
  Values right, together(pairs.size(), 100);
  together.resize(strikes.size() + notes.size() - pairs.size(), 0);  // with those that are alone
  if (!together.empty()) readings["strike and onset together"] = together;
  for (const auto& [s, n] : pairs) {
    const HeardNote& note = notes[n];
    const double bar = world::bar_frequency(strikes[s].bar), off = note.pitch ? 12 * std::abs(std::log2(*note.pitch / bar)) : 12;
    right.push_back(percent_of(off < 0.5));
    if (note.pitch) readings["pitch off the bar's"].push_back(off);
  }
  if (!right.empty()) readings["pitch of the bar struck"] = right;
}

void compare_caption(const std::vector<BarStrike>& strikes, const std::vector<HeardNote>& notes,
                     const world::Truth& truth, Readings& readings) {
  readings["number of strikes as told"].push_back(percent_of(strikes.size() == truth.events.size()));
  readings["number of onsets as told"].push_back(percent_of(notes.size() == truth.events.size()));
  const std::vector<std::int64_t> told = bars_told(truth.caption);
  for (std::size_t i = 0; i < told.size(); ++i) {
    const bool heard = i < notes.size() && notes[i].pitch && bar_of_pitch(*notes[i].pitch) == told[i];
    readings["bar heard as told"].push_back(percent_of(heard));
    readings["bar seen as told"].push_back(percent_of(i < strikes.size() && strikes[i].bar == told[i]));
  }
}

void check_truth(const std::vector<double>& found, const world::Truth& truth, const std::string& name,
                 Readings& readings) {
  const TruthMatch match = match_truth(times_of(truth.events), found);
  for (const double offset : match.found.offsets) readings[name + ", error"].push_back(1000 * std::abs(offset));
  const auto add = [&](std::int64_t count, double value) {
    for (std::int64_t i = 0; i < count; ++i) readings[name + ", found"].push_back(value);
  };
  add(std::int64_t(match.found.offsets.size()), 100);
  add(match.found.failed + match.false_events, 0);
}

}  // namespace

std::optional<double> new_pitch(const std::vector<double>& wave, double rate, double time) {
  constexpr double kBin = 1;
  const std::vector<double> before = power_from(wave, rate, time - kPitchWindow - 0.002, kBin);
  const std::vector<double> after = power_from(wave, rate, time + 0.004, kBin);
  std::size_t best = 0;
  double most = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const double rise = after[i] - before[i];
    if (rise > most) most = rise, best = i;
  }
  if (most < 1e-6) return std::nullopt;
  return kLowest + kBin * double(best);
}

std::vector<std::int64_t> bars_told(const std::string& caption) {
  const std::vector<std::string>& numbers = world::bar_numbers();
  const std::size_t at = caption.find("bars ");
  std::vector<std::int64_t> told;
  if (at == std::string::npos) return told;
  for (const std::string& word : split(caption.substr(at + 5), ' ')) {
    const auto number = std::find(numbers.begin(), numbers.end(), word);
    if (number == numbers.end()) break;
    told.push_back(number - numbers.begin());
  }
  return told;
}

std::vector<FigureSpec> xylophone_figures() {
  return {{"strike to onset", "ms", Summary::median, true, 5, 20},
          {"onset to strike", "ms", Summary::median, true, 5, 20},
          {"strike and onset together", "%", Summary::mean, false, 100, 85},
          {"pitch of the bar struck", "%", Summary::mean, false, 100, 90},
          {"pitch off the bar's", "semitones", Summary::median, true, 0.1},
          {"number of strikes as told", "%", Summary::mean, false, 98, 80},
          {"number of onsets as told", "%", Summary::mean, false, 98, 80},
          {"bar heard as told", "%", Summary::mean, false, 98, 80},
          {"bar seen as told", "%", Summary::mean, false, 98, 80},
          {"strikes seen, found", "%", Summary::mean, false, 98},
          {"strikes seen, error", "ms", Summary::median, true, 5},
          {"onsets heard, found", "%", Summary::mean, false, 98},
          {"onsets heard, error", "ms", Summary::median, true, 2}};
}

Readings read_xylophone(const Clip& clip, const world::Truth& truth, bool depicts_truth) {
  const std::vector<BarStrike> strikes = find_bar_strikes(Pictures(clip.frames), clip.fps);
  const std::vector<HeardNote> notes = heard_notes(clip);
  const std::vector<double> seen = times_of(strikes), heard = times_of(notes);
  Readings readings;
  if (!seen.empty()) readings["strike to onset"] = nearest_ms(seen, heard, kSearchRadius);
  if (!heard.empty()) readings["onset to strike"] = nearest_ms(heard, seen, kSearchRadius);
  compare_pitches(strikes, notes, readings);
  compare_caption(strikes, notes, truth, readings);
  if (depicts_truth) {
    check_truth(seen, truth, "strikes seen", readings);
    check_truth(heard, truth, "onsets heard", readings);
  }
  return readings;
}

}  // namespace phonofilm::eval
