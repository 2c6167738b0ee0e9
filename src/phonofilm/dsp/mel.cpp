#include "phonofilm/dsp/mel.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::dsp {
namespace {

constexpr double kSlaneyStep = 200.0 / 3;        // Hz per mel below kSlaneyBreak
constexpr double kSlaneyBreak = 1000;            // Hz
const double kSlaneyRatio = std::log(6.4) / 27;  // log step per mel above

double hz_to_mel(double hz, bool slaney) {
  if (!slaney) return 2595 * std::log10(1 + hz / 700);
  if (hz < kSlaneyBreak) return hz / kSlaneyStep;
  return kSlaneyBreak / kSlaneyStep + std::log(hz / kSlaneyBreak) / kSlaneyRatio;
}

double mel_to_hz(double mel, bool slaney) {
  if (!slaney) return 700 * (std::pow(10, mel / 2595) - 1);
  const double break_mel = kSlaneyBreak / kSlaneyStep;
  if (mel < break_mel) return mel * kSlaneyStep;
  return kSlaneyBreak * std::exp(kSlaneyRatio * (mel - break_mel));
}

std::vector<double> band_edges(const MelConfig& config) {
  const bool slaney = config.scale == "slaney";
  const double low = hz_to_mel(config.fmin, slaney), high = hz_to_mel(config.fmax, slaney);
  std::vector<double> edges;
  for (std::int64_t i = 0; i < config.bins + 2; ++i) {
    edges.push_back(mel_to_hz(low + (high - low) * double(i) / double(config.bins + 1), slaney));
  }
  return edges;
}

}  // namespace

Fields MelConfig::fields() {
  return {{"sample_rate", &sample_rate, "samples per second", 1000, 192000},
          {"fft", &fft, "window length in samples", 16, 65536},
          {"hop", &hop, "samples between frames", 1, 32768},
          {"bins", &bins, "mel bands", 1, 1024},
          {"fmin", &fmin, "lower edge of the first band, Hz", 0.0, 96000.0},
          {"fmax", &fmax, "upper edge of the last band, Hz", 1.0, 96000.0},
          {"scale", &scale, "mel scale", {}, {}, {"htk", "slaney"}},
          {"norm", &norm, "filter normalisation", {}, {}, {"none", "slaney"}},
          {"power", &power, "exponent of the magnitude", 1.0, 2.0},
          {"log_floor", &log_floor, "smallest value before the logarithm", 1e-12, 1.0},
          {"log_base", &log_base, "base of the logarithm", {}, {}, {"e", "10"}},
          {"framing", &framing, "where frame 0 stands", {}, {}, {"centred", "inner"}}};
}

StftConfig MelConfig::stft() const { return {fft, hop, framing == "inner" ? Framing::inner : Framing::centred}; }

Tensor mel_filterbank(const MelConfig& config) {
  PF_CHECK(config.fmin < config.fmax && config.fmax <= double(config.sample_rate) / 2, InvalidRequest, "mel",
           "bands from ", config.fmin, " to ", config.fmax, " Hz do not fit below half of ", config.sample_rate, " Hz");
  const std::vector<double> edges = band_edges(config);
  Tensor weights = at::zeros({config.bins, config.fft / 2 + 1}, at::kFloat);
  auto weight = weights.accessor<float, 2>();
  for (std::int64_t band = 0; band < config.bins; ++band) {
    const double left = edges[size_t(band)], peak = edges[size_t(band) + 1], right = edges[size_t(band) + 2];
    const double height = config.norm == "slaney" ? 2 / (right - left) : 1;
    bool empty = true;
    for (std::int64_t k = 0; k <= config.fft / 2; ++k) {
      const double hz = double(k) * double(config.sample_rate) / double(config.fft);
      const double rise = (hz - left) / (peak - left), fall = (right - hz) / (right - peak);
      const double value = std::max(0.0, std::min(rise, fall));
      empty = empty && value == 0;
      weight[band][k] = float(value * height);
    }
    PF_CHECK(!empty, InvalidRequest, "mel", "band ", band,
             " lies between two FFT bins; use fewer bands or a longer FFT");
  }
  return weights;
}

LogMel::LogMel(const MelConfig& config) : config_(config), filterbank_(mel_filterbank(config)) {}

Tensor LogMel::of_waveform(const Tensor& waveform) const {
  const Tensor spectrum = dsp::stft(waveform, config_.stft());
  return of_magnitude(magnitude(spectrum).narrow(2, 0, waveform.size(1) / config_.hop));
}

Tensor LogMel::of_magnitude(const Tensor& magnitude) const {
  expect_shape(magnitude, {kAny, config_.fft / 2 + 1, kAny}, "log_mel: magnitude");
  const Tensor powered = config_.power == 1 ? magnitude : magnitude.pow(config_.power);
  const Tensor bands = at::log(at::matmul(filterbank_, powered).clamp_min(config_.log_floor));
  return config_.log_base == "10" ? bands / std::log(10.0) : bands;
}

Tensor magnitude_of_mel(const Tensor& log_mel, const LogMel& front_end, std::int64_t iterations, const Tensor& start) {
  const MelConfig& config = front_end.config();
  expect_shape(log_mel, {kAny, config.bins, kAny}, "magnitude_of_mel: log_mel");
  const Tensor bands = at::exp(config.log_base == "10" ? log_mel * std::log(10.0) : log_mel);
  const Tensor transposed = front_end.filterbank().t().contiguous();
  const Tensor numerator = at::matmul(transposed, bands);
  Tensor powered = start.defined() ? start.pow(config.power) : numerator.clone();
  for (std::int64_t i = 0; i < iterations; ++i) {
    const Tensor denominator = at::matmul(transposed, at::matmul(front_end.filterbank(), powered));
    powered = powered * numerator / (denominator + 1e-12);
  }
  return config.power == 1 ? powered : powered.pow(1 / config.power);
}

}  // namespace phonofilm::dsp
