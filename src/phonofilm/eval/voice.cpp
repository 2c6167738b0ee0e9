#include "phonofilm/eval/voice.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/eval/onsets.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::eval {
namespace {

constexpr double kHop = 0.005;  // seconds

}  // namespace

Series band_level(const std::vector<double>& wave, double rate, double low, double high, double window) {
  const auto size = 2 * std::int64_t(std::lround(window * rate / 2)), hop = std::int64_t(std::lround(kHop * rate));
  Series level{double(hop) / rate, {}};
  if (std::int64_t(wave.size()) < size) return level;
  const Tensor signal = at::tensor(at::ArrayRef<double>(wave));
  const Tensor hann = at::hann_window(size, at::kDouble);
  const Tensor spectrum = at::stft(signal, size, hop, size, hann, /*center=*/true, "constant", /*normalized=*/false,
                                   /*onesided=*/true, /*return_complex=*/true);
  const auto first = std::int64_t(std::ceil(low * double(size) / rate));
  const auto last = std::min(std::int64_t(high * double(size) / rate), size / 2);
  const Tensor power = spectrum.slice(0, first, last + 1).abs().square().sum(0);
  // Parseval: 2 sum |S|^2 / size is the energy of the windowed samples.
  const double share = 2 / (double(size) * hann.square().sum().item<double>());
  const Tensor rms = (share * power).sqrt().contiguous();
  level.values.assign(rms.const_data_ptr<double>(), rms.const_data_ptr<double>() + rms.numel());
  return level;
}

Series voice_envelope(const Tensor& waveform, std::int64_t sample_rate) {
  constexpr double kLow = 400, kHigh = 6000, kWindow = 0.05, kPower = 0.3, kDecay = 0.1;
  Series level = band_level(mono_samples(waveform), double(sample_rate), kLow, kHigh, kWindow);
  const double keep = std::exp(-level.step / kDecay);
  double held = 0;
  for (double& value : level.values) value = held = std::max(std::pow(value, kPower), keep * held);
  return level;
}

std::vector<bool> sounding(const Series& level) {
  std::vector<double> sorted = level.values;
  std::sort(sorted.begin(), sorted.end());
  const double loud = sorted.empty() ? 0 : sorted[std::size_t(0.95 * double(sorted.size() - 1))];
  std::vector<bool> result;
  for (const double value : level.values) result.push_back(value > 0.05 * loud && value > 1e-4);
  return result;
}

}  // namespace phonofilm::eval
