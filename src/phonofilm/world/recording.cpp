#include "phonofilm/world/recording.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phonofilm/world/pan.h"

namespace phonofilm::world {
namespace {

constexpr double kZeros = 12;        // zero crossings of the sinc on either side
constexpr double kPassBand = 0.94;   // of the lower Nyquist frequency
constexpr std::int64_t kPhases = 128;  // between two samples; in between, two neighbours are mixed

// A low-pass filter that is tabulated at fractions of a sample.
class Interpolator {
 public:
  // cutoff: as a fraction of the source's Nyquist frequency.
  explicit Interpolator(double cutoff) : reach_(std::int64_t(std::ceil(kZeros / cutoff))) {
    table_.resize(size_t((kPhases + 1) * taps()));
    for (std::int64_t phase = 0; phase <= kPhases; ++phase) {
      for (std::int64_t tap = 0; tap < taps(); ++tap) {
        const double x = double(tap - reach_ + 1) - double(phase) / kPhases;
        table_[size_t(phase * taps() + tap)] = float(weight(x, cutoff));
      }
    }
  }
  // place: in samples of the source.
  float at(const std::vector<float>& source, double place) const {
    const double whole = std::floor(place), phase = (place - whole) * kPhases;
    const auto row = std::int64_t(phase);
    const float share = float(phase - double(row));
    const float* first = table_.data() + row * taps();
    const float* second = first + taps();
    const std::int64_t begin = std::int64_t(whole) - reach_ + 1;
    const std::int64_t low = std::max<std::int64_t>(0, -begin);
    const std::int64_t high = std::min(taps(), std::int64_t(source.size()) - begin);
    float sum = 0;
    for (std::int64_t k = low; k < high; ++k) {
      sum += source[size_t(begin + k)] * (first[k] + share * (second[k] - first[k]));
    }
    return sum;
  }
  std::int64_t reach() const { return reach_; }

 private:
  std::int64_t taps() const { return 2 * reach_; }
  double weight(double x, double cutoff) const {
    if (std::abs(x) >= double(reach_)) return 0;
    const double angle = std::numbers::pi * cutoff * x;
    const double sinc = std::abs(angle) < 1e-9 ? 1 : std::sin(angle) / angle;
    const double hann = 0.5 + 0.5 * std::cos(std::numbers::pi * x / double(reach_));
    return cutoff * sinc * hann;
  }

  std::int64_t reach_;
  std::vector<float> table_;
};

}  // namespace

void add_recording(const SoundBuffer& sound, const Recording& recording, double time, double gain, double pan) {
  const double rate = double(sound.rate), step = recording.rate / rate;
  const Interpolator interpolator(kPassBand * std::min(1.0, 1 / step));
  const double tail = double(interpolator.reach()) / recording.rate;
  const auto sample_at = [&](double t) {
    return std::clamp(std::int64_t(std::ceil(t * rate)), std::int64_t{0}, sound.samples);
  };
  const std::int64_t begin = sample_at(time - tail), end = sample_at(time + recording.seconds() + tail);
  for (std::int64_t n = begin; n < end; ++n) {
    const float heard = interpolator.at(recording.samples, (double(n) / rate - time) * recording.rate);
    for (std::int64_t c = 0; c < sound.channels; ++c) {
      sound.channel(c)[size_t(n)] += heard * float(gain * pan_gain(pan, c, sound.channels));
    }
  }
}

double level_at(const Recording& recording, double time, double reach) {
  const auto size = std::int64_t(recording.samples.size());
  const std::int64_t first = std::llround((time - reach) * recording.rate);
  const std::int64_t last = std::llround((time + reach) * recording.rate);
  double sum = 0;
  for (std::int64_t n = std::max<std::int64_t>(first, 0); n < std::min(last, size); ++n) {
    sum += double(recording.samples[size_t(n)]) * recording.samples[size_t(n)];
  }
  return std::sqrt(sum / double(std::max<std::int64_t>(last - first, 1)));
}

}  // namespace phonofilm::world
