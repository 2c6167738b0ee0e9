#include "phonofilm/eval/passing.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phonofilm/eval/onsets.h"
#include "phonofilm/eval/statistics.h"
#include "phonofilm/eval/voice.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/pass_by.h"

namespace phonofilm::eval {
namespace {

constexpr double kNearest = 5.5;         // metres, the middle of the world's range of 4 to 7
constexpr double kTop = 0.60, kBottom = 0.80;  // rows in which cars drive

// Mass and centre of what is not in the median picture, frame by frame.
struct Blob {
  double mass = 0, x = 0;
};

std::vector<Blob> find_blobs(const Pictures& pictures) {
  const Picture first = pictures[0];
  const auto top = std::int64_t(kTop * double(first.height())), bottom = std::int64_t(kBottom * double(first.height()));
  std::vector<Blob> blobs(std::size_t(pictures.size()));
  for (std::int64_t row = top; row < bottom; ++row) {
    for (std::int64_t column = 0; column < first.width(); ++column) {
      const Rgb usual = pictures.median_color(row, column);
      for (std::size_t k = 0; k < blobs.size(); ++k) {
        const Rgb color = pictures[std::int64_t(k)].pixel(row, column);
        double off = 0;
        for (std::size_t c = 0; c < 3; ++c) off = std::max(off, std::abs(color[c] - usual[c]));
        const double weight = std::clamp((off - 0.10) / 0.10, 0.0, 1.0);
        blobs[k].mass += weight, blobs[k].x += weight * (double(column) + 0.5) / double(first.height());
      }
    }
  }
  for (Blob& blob : blobs) blob.x /= std::max(blob.mass, 1e-9);
  return blobs;
}

world::PassBy path_of(const Passing& passing) {
  return {passing.speed * world::kMetresPerHeight, kNearest, passing.passes};
}

template <class Law>
Series implied(double step, double seconds, const Law& law) {
  Series series{step, {}};
  for (double time = 0; time < seconds; time += step) series.values.push_back(law(time));
  return series;
}

// From 0.1 s to 0.1 s before the end, where windows reach beyond the sound.
double agreement(const Series& heard, const Series& expected) {
  std::vector<double> a, b;
  const double seconds = std::min(heard.seconds(), expected.seconds());
  for (double time = 0.1; time < seconds - 0.1; time += 0.02) {
    a.push_back(value_at(heard, time)), b.push_back(value_at(expected, time));
  }
  return correlation(a, b);
}

// How much of the implied change is heard: the slope of what is heard over what is implied.
double slope(const Series& heard, const Series& expected) {
  std::vector<double> a, b;
  for (double time = 0.1; time < expected.seconds() - 0.1; time += 0.02) {
    a.push_back(value_at(heard, time)), b.push_back(value_at(expected, time));
  }
  const double mean_a = mean_of(a), mean_b = mean_of(b);
  double ab = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) ab += (a[i] - mean_a) * (b[i] - mean_b), bb += std::pow(b[i] - mean_b, 2);
  return bb > 0 ? ab / bb : 0;
}

void check_truth(const Passing& passing, const world::Truth& truth, Readings& readings) {
  const double speed = truth.objects.at(0).amounts.at("speed") / world::kMetresPerHeight;
  readings["speed seen, error"].push_back(100 * std::abs(passing.speed / speed - 1));
  const double time = truth.objects.at(0).amounts.at("nearest time");
  readings["passing seen, error"].push_back(1000 * std::abs(passing.passes - time));
}

}  // namespace

std::optional<Passing> find_passing(const Pictures& pictures, double fps) {
  const std::vector<Blob> blobs = find_blobs(pictures);
  double most = 0;
  for (const Blob& blob : blobs) most = std::max(most, blob.mass);
  const double aspect = pictures[0].aspect();
  double n = 0, t = 0, x = 0, tt = 0, tx = 0;
  for (std::size_t k = 0; k < blobs.size(); ++k) {
    if (blobs[k].mass < 0.8 * most || blobs[k].x < 0.2 || blobs[k].x > aspect - 0.2) continue;
    const double time = double(k) / fps, place = blobs[k].x - aspect / 2;
    n += 1, t += time, x += place, tt += time * time, tx += time * place;
  }
  const double spread = n * tt - t * t;
  if (most < 20 || n < 3 || spread <= 0) return std::nullopt;
  const double speed = (n * tx - t * x) / spread, start = (x - speed * t) / n;
  if (std::abs(speed) < 0.05) return std::nullopt;
  return Passing{speed, -start / speed};
}

Series frequency_ratio(const std::vector<double>& wave, double rate) {
  constexpr double kWindow = 0.08, kHop = 0.01, kBin = 1, kLow = 450, kHigh = 1800, kReach = 0.12;
  const auto size = std::int64_t(kWindow * rate), padded = std::int64_t(rate / kBin), hop = std::int64_t(kHop * rate);
  Series ratio{double(hop) / rate, {}};
  if (std::int64_t(wave.size()) < 2 * size) return ratio;
  const Tensor spectrum = at::stft(at::tensor(at::ArrayRef<double>(wave)), padded, hop, size,
                                   at::hann_window(size, at::kDouble), /*center=*/true, "constant",
                                   /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
  const auto top = std::int64_t((1 + kReach) * kHigh / kBin) + 2;  // no tone is looked for above
  const Tensor power = spectrum.slice(0, 0, top).abs().square().t().contiguous();  // [times, frequencies]
  // Every moment by itself: over the whole film the tone is smeared and a lower, steadier one would win.
  const Tensor strongest = power.slice(1, std::int64_t(kLow / kBin), std::int64_t(kHigh / kBin)).argmax(1);
  const double usual = kLow + kBin * double(strongest.median().item<std::int64_t>());
  const auto first = std::int64_t((1 - kReach) * usual / kBin), last = std::int64_t((1 + kReach) * usual / kBin);
  for (std::int64_t k = 0; k < power.size(0); ++k) {
    const double* p = power.const_data_ptr<double>() + k * power.size(1);
    const auto best = std::max_element(p + first, p + last) - p;
    const double bend = p[best - 1] - 2 * p[best] + p[best + 1];
    const double vertex = bend < 0 ? 0.5 * (p[best - 1] - p[best + 1]) / bend : 0;
    ratio.values.push_back(kBin * (double(best) + vertex));
  }
  const double median = median_of(ratio.values);
  for (double& value : ratio.values) value /= median;
  return ratio;
}

Series pan_of(const Tensor& waveform, double rate) {
  const Series left = band_level(mono_samples(waveform[0]), rate, 50, 6000, /*window=*/0.05);
  const Series right = band_level(mono_samples(waveform[1]), rate, 50, 6000, /*window=*/0.05);
  Series pan{left.step, {}};
  for (std::size_t k = 0; k < left.values.size(); ++k) {
    pan.values.push_back(std::atan2(right.values[k], left.values[k]) * 2 / std::numbers::pi);
  }
  return pan;
}

std::vector<FigureSpec> car_figures() {
  return {{"pitch and course, correlation", "", Summary::median, false, 0.95, 0.80},
          {"side and course, correlation", "", Summary::median, false, 0.95, 0.80},
          {"loudness and distance, correlation", "", Summary::median, false, 0.90, 0.75},
          {"change of pitch against speed, error", "%", Summary::median, true, 10, 40},
          {"loudest off nearest", "ms", Summary::median, true, 10, 80},
          {"car seen", "%", Summary::mean, false, 100, 95},
          {"direction as told", "%", Summary::mean, false, 100, 90},
          {"speed seen, error", "%", Summary::median, true, 3},
          {"passing seen, error", "ms", Summary::median, true, 10}};
}

Readings read_car(const Clip& clip, const world::Truth& truth, bool depicts_truth) {
  const double rate = double(clip.sample_rate), seconds = clip.audio_seconds();
  const auto passing = find_passing(Pictures(clip.frames), clip.fps);
  Readings readings;
  readings["car seen"].push_back(percent_of(passing.has_value()));
  const bool right = truth.objects.at(0).drift > 0;
  readings["direction as told"].push_back(percent_of(passing && (passing->speed > 0) == right));
  const world::PassBy path = path_of(passing.value_or(Passing{1e-3, 0}));
  // What is not seen agrees with nothing.
  const auto add = [&](const char* name, const Series& heard, const auto& law) {
    readings[name].push_back(passing ? agreement(heard, implied(0.01, seconds, law)) : 0);
  };
  const Series pitch = frequency_ratio(mono_samples(clip.waveform), rate);
  const Series ratio = implied(0.01, seconds, [&](double time) { return path.frequency_ratio(time); });
  add("pitch and course, correlation", pitch, [&](double time) { return path.frequency_ratio(time); });
  readings["change of pitch against speed, error"].push_back(passing ? 100 * std::abs(slope(pitch, ratio) - 1) : 100);
  if (clip.waveform.size(0) == 2) {
    add("side and course, correlation", pan_of(clip.waveform, rate), [&](double time) { return path.pan(time); });
  }
  Series level = band_level(mono_samples(clip.waveform), rate, 50, 6000, /*window=*/0.05);
  for (double& value : level.values) value = std::log(value + 1e-4);
  const auto nearness = [&](double time) { return -std::log(path.distance(path.emitted(time))); };
  add("loudness and distance, correlation", smoothed(level, 0.05), nearness);
  const auto late = best_lag(implied(0.01, seconds, nearness), smoothed(level, 0.05), /*reach=*/0.5);
  readings["loudest off nearest"].push_back(passing && late ? 1000 * std::abs(late->seconds) : 500);
  if (depicts_truth && passing) check_truth(*passing, truth, readings);
  return readings;
}

}  // namespace phonofilm::eval
