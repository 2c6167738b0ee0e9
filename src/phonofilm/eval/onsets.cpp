#include "phonofilm/eval/onsets.h"

#include <ATen/ops/max_pool1d.h>

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/dsp/resample.h"
#include "phonofilm/eval/least_squares.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::eval {
namespace {

constexpr std::int64_t kRate = 16000;  // Hz, at which all that follows was calibrated
constexpr double kWindow = 0.016, kHop = 0.002, kRise = 0.012;  // seconds
// Seconds over which a loud moment hides soft ones: more than the films have that it was calibrated on.
constexpr double kNear = 3.2;
// The peak of the rise comes this much before or after the onset; only a starting point for the exact search.
constexpr double kRiseLag = 0.001;
// Calibrated on the exact times of 1500 strikes of the rendered world: the contrast peaks this long after a strike.
constexpr double kContrastLag = 0.00009;
constexpr double kSearch = 0.012, kBefore = 0.010, kAfter = 0.005, kPredictFrom = 0.050;
constexpr std::size_t kOrder = 24;

// The loudest magnitude within kNear of every time: [frequencies, times] -> [times].
Tensor loudest_near(const Tensor& magnitude) {
  const std::int64_t reach = std::lround(kNear / kHop);
  return at::max_pool1d(magnitude.amax(0).view({1, 1, -1}), 2 * reach + 1, /*stride=*/1, reach).flatten();
}

// Mean over frequencies of L(t) - L(t - rise), with t at the centre of the later window.
std::vector<double> rises(const std::vector<double>& wave, std::int64_t window, std::int64_t hop, std::int64_t lag) {
  const Tensor signal = at::tensor(at::ArrayRef<double>(wave)).to(at::kFloat);
  const Tensor spectrum = at::stft(signal, window, hop, window, at::hann_window(window), /*center=*/true, "constant",
                                   /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
  const Tensor magnitude = spectrum.abs();
  const Tensor level = (magnitude + 0.004 * loudest_near(magnitude) + 1e-9).log();  // [frequencies, times]
  const std::int64_t times = level.size(1);
  if (times <= lag) return {};
  const Tensor rise = (level.slice(1, lag) - level.slice(1, 0, times - lag)).mean(0).to(at::kDouble).contiguous();
  std::vector<double> result(std::size_t(lag), 0.0);
  result.insert(result.end(), rise.const_data_ptr<double>(), rise.const_data_ptr<double>() + rise.numel());
  return result;
}

// Local maxima above the threshold, strongest first, none within `gap` entries of a stronger one.
std::vector<std::size_t> peaks(const std::vector<double>& values, double threshold, std::size_t gap) {
  std::vector<std::size_t> candidates, chosen;
  for (std::size_t i = 1; i + 1 < values.size(); ++i) {
    if (values[i] > threshold && values[i] >= values[i - 1] && values[i] > values[i + 1]) candidates.push_back(i);
  }
  std::stable_sort(candidates.begin(), candidates.end(), [&](auto a, auto b) { return values[a] > values[b]; });
  for (const std::size_t candidate : candidates) {
    const bool lonely = std::all_of(chosen.begin(), chosen.end(), [&](std::size_t other) {
      return (candidate > other ? candidate - other : other - candidate) >= gap;
    });
    if (lonely) chosen.push_back(candidate);
  }
  return chosen;
}

// wave[first, last) minus what a linear predictor, fitted before it, expects: ringing tails vanish, new sound stays.
std::vector<double> innovation(const std::vector<double>& wave, std::size_t first, std::size_t last,
                               const std::vector<double>& predictor) {
  std::vector<double> rest;
  for (std::size_t i = first; i < last; ++i) {
    double expected = 0;
    for (std::size_t k = 0; k < predictor.size() && k < i; ++k) expected += predictor[k] * wave[i - 1 - k];
    rest.push_back(wave[i] - expected);
  }
  return rest;
}

struct Timing {
  double time = 0, contrast = 0;
};

// The exact moment near `rough` (a sample index): the largest ratio of innovation energy after to before.
Timing exact_onset(const std::vector<double>& wave, double rough, double rate, double pre_echo) {
  const auto samples = [&](double seconds) { return std::int64_t(std::lround(seconds * rate)); };
  const auto total = std::int64_t(wave.size()), centre = std::int64_t(std::lround(rough));
  const std::int64_t before = samples(kBefore), after = samples(kAfter);
  const std::int64_t from = std::max<std::int64_t>(0, centre - samples(kSearch) - before);
  const std::int64_t until = std::min(total, centre + samples(kSearch) + after);
  const std::int64_t quiet_end = std::max<std::int64_t>(0, centre - samples(kBefore));
  const std::int64_t quiet_start = std::max<std::int64_t>(0, quiet_end - samples(kPredictFrom));
  const auto predictor = linear_predictor(wave, std::size_t(quiet_start), std::size_t(quiet_end), kOrder, 1e-6);
  const std::vector<double> rest = innovation(wave, std::size_t(from), std::size_t(until), predictor);
  std::vector<double> energy(1, 0.0);
  for (const double value : rest) energy.push_back(energy.back() + value * value);
  const auto power = [&](std::int64_t a, std::int64_t b) {
    a = std::clamp<std::int64_t>(a - from, 0, until - from), b = std::clamp<std::int64_t>(b - from, 0, until - from);
    return b > a ? (energy[std::size_t(b)] - energy[std::size_t(a)]) / double(b - a) : 0.0;
  };
  const double floor = 1e-9 + pre_echo * power(from, until);
  Timing best{rough / rate, -1e9};
  for (std::int64_t at = std::max<std::int64_t>(1, centre - samples(kSearch)); at + 2 < until - after / 2; ++at) {
    const double contrast = std::log((power(at, at + after) + floor) / (power(at - before, at) + floor));
    if (contrast > best.contrast) best = {double(at) / rate - kContrastLag, contrast};
  }
  return best;
}

Tensor mono_of(const Tensor& waveform) {
  PF_CHECK(waveform.defined() && (waveform.dim() == 1 || waveform.dim() == 2), ShapeError, "mono_samples",
           "the waveform must be [C, S] or [S]");
  return waveform.dim() == 2 ? waveform.mean(0) : waveform;
}

}  // namespace

std::vector<double> mono_samples(const Tensor& waveform) {
  const Tensor wave = mono_of(waveform).to(at::kDouble).contiguous().cpu();
  return {wave.const_data_ptr<double>(), wave.const_data_ptr<double>() + wave.numel()};
}

std::vector<Onset> find_onsets(const Tensor& waveform, std::int64_t sample_rate, const OnsetOptions& options) {
  PF_CHECK(sample_rate >= 4000, ShapeError, "find_onsets", "the sample rate must be at least 4000 Hz, got ",
           sample_rate);
  if (sample_rate > kRate) {
    return find_onsets(dsp::resample(mono_of(waveform).to(at::kFloat), sample_rate, kRate), kRate, options);
  }
  const std::vector<double> wave = mono_samples(waveform);
  const double rate = double(sample_rate);
  const auto hop = std::int64_t(std::lround(kHop * rate)), window = std::int64_t(std::lround(kWindow * rate));
  const auto lag = std::int64_t(std::lround(kRise / kHop));
  if (std::int64_t(wave.size()) < 4 * window) return {};
  const std::vector<double> rise = rises(wave, window, hop, lag);
  const auto gap = std::size_t(std::lround(options.least_gap / kHop));
  const double last = double(wave.size()) / rate - kWindow;  // after it, a tail that is cut off looks like an onset
  std::vector<Onset> onsets;
  for (const std::size_t peak : peaks(rise, options.least_strength, gap)) {
    const Timing timing = exact_onset(wave, double(peak) * double(hop) - kRiseLag * rate, rate, options.pre_echo);
    if (timing.contrast < options.least_contrast || timing.time > last) continue;
    onsets.push_back({timing.time, rise[peak], timing.contrast});
  }
  std::stable_sort(onsets.begin(), onsets.end(), [](const Onset& a, const Onset& b) { return a.time < b.time; });
  return onsets;
}

}  // namespace phonofilm::eval
