#include "phonofilm/eval/speech.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/eval/voice.h"
#include "phonofilm/eval/words.h"

namespace phonofilm::eval {
namespace {

constexpr double kActivityReach = 0.10;  // seconds on either side over which a mouth counts as one that speaks
constexpr double kMoving = 0.012;        // heads: mean opening above which a mouth speaks
constexpr double kSilence = 0.06;        // of the voice envelope: a level of 1e-4, to the power 0.3
constexpr double kStill = 0.35;          // a mouth that is open less than this share of the other one does not speak

// How far a mouth is open over a while, less what it seems to be at rest: the tenth percentile.
Series activity_of(const Series& opening) {
  std::vector<double> sorted = opening.values;
  std::sort(sorted.begin(), sorted.end());
  Series activity = smoothed(opening, kActivityReach);
  for (double& value : activity.values) value = std::max(value - sorted[sorted.size() / 10], 0.0);
  return activity;
}

// How mouth and voice go together.
void compare(const Series& opening, const Clip& clip, Readings& readings) {
  const Series voice = voice_envelope(clip.waveform, clip.sample_rate);
  readings["mouth and voice, correlation"].push_back(correlation(opening.values, heard_at(opening, voice)));
  const auto lag = best_lag(opening, voice);
  // Without any lag at which the two agree, the lag counts as the end of the range.
  const double late_ms = lag ? 1000 * (lag->seconds + kVoiceLead) : 200;
  readings["voice behind mouth"].push_back(late_ms);
  readings["voice off mouth"].push_back(std::abs(late_ms));
}

// The mouth against the truth of its talker: opening, and the shape in the middle of every shape of the truth.
void check_mouth(const MouthCourse& mouth, const world::Truth& truth, std::int64_t object, double scale,
                 Readings& readings) {
  const world::Track* opening = world::find_track(truth, "mouth opening", object);
  std::vector<double> expected;
  for (std::size_t k = 0; k < mouth.shapes.size(); ++k) {
    expected.push_back(world::value_at(*opening, mouth.opening.step * double(k)) / scale);
  }
  readings["opening against truth, correlation"].push_back(correlation(mouth.opening.values, expected));
  for (const world::Span& span : world::spans_of(truth, "mouth", object)) {
    const auto frame = std::size_t(std::lround(0.5 * (span.start + span.end) / mouth.opening.step));
    const double off = std::abs(mouth.opening.step * double(frame) - 0.5 * (span.start + span.end));
    if (frame >= mouth.shapes.size() || off > 0.25 * (span.end - span.start)) continue;
    readings["mouth shape right"].push_back(percent_of(mouth.shapes[frame] == mouth_shape_of(span.label)));
  }
}

// When a mouth was open, on average; the earlier of two speaks first.
double middle_of(const Series& activity) {
  double sum = 0, weighted = 0;
  for (std::size_t k = 0; k < activity.values.size(); ++k) {
    const double open = std::max(activity.values[k] - kMoving, 0.0);
    sum += open, weighted += open * activity.step * double(k);
  }
  return sum > 0 ? weighted / sum : 0.5 * activity.seconds();
}

Series larger_of(const Series& a, const Series& b) {
  Series result = a;
  for (std::size_t k = 0; k < a.values.size(); ++k) result.values[k] = std::max(a.values[k], b.values[k]);
  return result;
}

// While a voice sounds, one mouth moves and the other does not; where none sounds, none does.
void compare_turns(const std::vector<Series>& activity, const Clip& clip, Readings& readings) {
  const Series level = smoothed(voice_envelope(clip.waveform, clip.sample_rate), 0.05);
  const double loud = level.values.empty() ? 0 : *std::max_element(level.values.begin(), level.values.end());
  Values& moves = readings["one mouth moves while a voice sounds"];
  if (loud < kSilence) moves.push_back(0);
  for (std::size_t k = 0; k < activity[0].values.size() && loud >= kSilence; ++k) {
    if (value_at(level, activity[0].step * double(k)) < 0.5 * loud) continue;
    const auto [less, more] = std::minmax(activity[0].values[k], activity[1].values[k]);
    moves.push_back(percent_of(more > kMoving && less < kStill * more));
  }
}

// Whose line it is, while it is said.
void check_turns(const std::vector<Series>& activity, const world::Truth& truth, Readings& readings) {
  for (const world::Span& line : world::spans_of(truth, "line")) {
    double sum[2] = {0, 0};
    for (std::size_t k = 0; k < activity[0].values.size(); ++k) {
      const double time = activity[0].step * double(k);
      if (time < line.start || time > line.end) continue;
      for (std::size_t side = 0; side < 2; ++side) sum[side] += activity[side].values[k];
    }
    readings["speaker found"].push_back(percent_of((sum[1] > sum[0]) == (line.object == 1)));
  }
}

std::vector<FigureSpec> shared_figures() {
  std::vector<FigureSpec> figures{
      {"mouth and voice, correlation", "", Summary::median, false, 0.80, 0.60},
      {"voice off mouth", "ms", Summary::median, true, 10, 40},
      {"voice behind mouth", "ms", Summary::median},
      {"opening against truth, correlation", "", Summary::median, false, 0.95},
      {"mouth shape right", "%", Summary::mean, false, 80}};
  for (FigureSpec& spec : word_figures()) figures.push_back(std::move(spec));
  return figures;
}

}  // namespace

std::vector<FigureSpec> talker_figures() { return shared_figures(); }

std::vector<FigureSpec> two_talkers_figures() {
  std::vector<FigureSpec> figures = shared_figures();
  figures.push_back({"one mouth moves while a voice sounds", "%", Summary::mean, false, 90, 70});
  figures.push_back({"turns in the order told", "%", Summary::mean, false, 100, 90});
  figures.push_back({"speaker found", "%", Summary::mean, false, 100});
  for (FigureSpec& spec : turns_figures()) figures.push_back(std::move(spec));
  return figures;
}

Readings read_talker(const Clip& clip, const world::Truth& truth, bool depicts_truth, Instruments& instruments) {
  const Pictures pictures(clip.frames);
  const world::Figure place = world::figures_of(1, pictures[0].aspect())[0];
  const MouthCourse mouth = instruments.mouths().read(pictures, clip.fps, place);
  Readings readings;
  compare(mouth.opening, clip, readings);
  if (depicts_truth) check_mouth(mouth, truth, 0, place.scale, readings);
  read_words(clip.waveform, clip.sample_rate, truth, instruments, readings);
  return readings;
}

Readings read_two_talkers(const Clip& clip, const world::Truth& truth, bool depicts_truth, Instruments& instruments) {
  const Pictures pictures(clip.frames);
  Readings readings;
  std::vector<Series> openings, activity;
  std::int64_t object = 0;
  for (const world::Figure& place : world::figures_of(2, pictures[0].aspect())) {
    const MouthCourse mouth = instruments.mouths().read(pictures, clip.fps, place);
    openings.push_back(mouth.opening);
    activity.push_back(activity_of(mouth.opening));
    if (depicts_truth) check_mouth(mouth, truth, object++, place.scale, readings);
  }
  compare(larger_of(openings[0], openings[1]), clip, readings);
  compare_turns(activity, clip, readings);
  const std::size_t first = middle_of(activity[0]) <= middle_of(activity[1]) ? 0 : 1;
  if (const auto told = first_speaker_told(truth.caption)) {
    readings["turns in the order told"].push_back(percent_of(*told == first));
  }
  if (depicts_truth) check_turns(activity, truth, readings);
  read_words(clip.waveform, clip.sample_rate, truth, instruments, readings);
  return readings;
}

std::optional<std::size_t> first_speaker_told(const std::string& caption) {
  const std::size_t left = caption.find("on the left"), right = caption.find("on the right");
  if (left == right) return std::nullopt;  // neither is told
  return left < right ? 0 : 1;
}

}  // namespace phonofilm::eval
