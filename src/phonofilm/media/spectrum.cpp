#include "phonofilm/media/spectrum.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::media {
namespace {

constexpr double kWindowSeconds = 0.025;
constexpr double kDecibels = 75;
constexpr double kTop = 16'000;  // little is heard above, and AAC keeps little of it

// The mel scale of O'Shaughnessy (1987): nearly linear below 700 Hz, logarithmic above.
double mel(double hertz) { return 1127 * std::log1p(hertz / 700); }
double hertz_of(double mels) { return 700 * std::expm1(mels / 1127); }

// Dark blue, violet, red, orange, pale yellow: lightness rises steadily, so that grey prints and colour-blind eyes see
// the same order.
Tensor color_table() {
  constexpr std::array<std::array<double, 4>, 8> anchors = {{{0.00, 7, 7, 18},      {0.18, 34, 16, 74},
                                                             {0.36, 95, 24, 116},   {0.52, 160, 42, 112},
                                                             {0.68, 219, 76, 82},   {0.82, 247, 139, 66},
                                                             {0.93, 251, 203, 112}, {1.00, 252, 247, 208}}};
  const Tensor table = at::empty({256, 3}, at::kByte);
  for (int index = 0; index < 256; ++index) {
    const double share = index / 255.0;
    size_t upper = 1;
    while (upper + 1 < anchors.size() && anchors[upper][0] < share) ++upper;
    const auto& low = anchors[upper - 1];
    const auto& high = anchors[upper];
    const double weight = (share - low[0]) / (high[0] - low[0]);
    for (size_t channel = 1; channel < 4; ++channel) {
      const double value = low[channel] + weight * (high[channel] - low[channel]);
      table.data_ptr<std::uint8_t>()[index * 3 + int(channel) - 1] = std::uint8_t(std::lround(value));
    }
  }
  return table;
}

// [height, bins]: each row averages the bins around its frequency, over at least one bin or one row.
Tensor mel_rows(std::int64_t height, std::int64_t bins, std::int64_t rate) {
  const double top = mel(highest_hertz(rate)), bin_hertz = 0.5 * double(rate) / double(bins - 1);
  const Tensor weights = at::zeros({height, bins}, at::kFloat);
  for (std::int64_t row = 0; row < height; ++row) {
    const double center = top * (double(height - 1 - row) + 0.5) / double(height);
    const double reach = std::max(bin_hertz, hertz_of(center + top / double(height)) - hertz_of(center));
    float* line = weights.data_ptr<float>() + row * bins;
    const double middle = hertz_of(center);
    const auto first = std::max<std::int64_t>(0, std::int64_t((middle - reach) / bin_hertz));
    double sum = 0;
    for (std::int64_t bin = first; bin < bins && double(bin) * bin_hertz < middle + reach; ++bin) {
      line[bin] = float(std::max(0.0, 1 - std::abs(double(bin) * bin_hertz - middle) / reach));
      sum += line[bin];
    }
    for (std::int64_t bin = first; sum > 0 && bin < bins; ++bin) line[bin] = float(line[bin] / sum);
  }
  return weights;
}

// [height, T] power at every `hop` samples from 0 on, summed over channels.
Tensor power_rows(const Tensor& waveform, std::int64_t rate, std::int64_t hop, std::int64_t columns,
                  std::int64_t height) {
  const std::int64_t window = std::max<std::int64_t>(16, std::llround(kWindowSeconds * double(rate)) / 2 * 2);
  std::int64_t size = 32;
  while (size < 2 * window) size *= 2;
  const std::int64_t needed = (columns - 1) * hop + window;
  const std::int64_t behind = std::max<std::int64_t>(0, needed - window / 2 - waveform.size(1));
  const Tensor padded = at::constant_pad_nd(waveform, {window / 2, behind}, 0);
  const Tensor shape = at::hann_window(window, at::kFloat);
  const Tensor rows = mel_rows(height, size / 2 + 1, rate);
  constexpr std::int64_t kBatch = 512;  // bounds the memory of long sounds
  std::vector<Tensor> parts;
  for (std::int64_t first = 0; first < columns; first += kBatch) {
    const std::int64_t count = std::min(kBatch, columns - first);
    const Tensor piece = padded.narrow(1, first * hop, (count - 1) * hop + window).unfold(1, window, hop);
    const Tensor power = at::fft_rfft(piece * shape, size, -1).abs().square().sum(0);  // [count, bins]
    parts.push_back(at::matmul(rows, power.transpose(0, 1)));
  }
  return at::cat(parts, 1);
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

}  // namespace

double highest_hertz(std::int64_t sample_rate) { return std::min(kTop, 0.5 * double(sample_rate)); }

double axis_share(double hertz, std::int64_t sample_rate) { return mel(hertz) / mel(highest_hertz(sample_rate)); }

Tensor spectrogram_pixels(const Tensor& waveform, std::int64_t sample_rate, double seconds, std::int64_t width,
                          std::int64_t height) {
  const Tensor sound = waveform.to(at::kCPU, at::kFloat);
  const double per_pixel = seconds * double(sample_rate) / double(width);
  const auto longest = std::max<std::int64_t>(1, std::int64_t(kWindowSeconds * double(sample_rate) / 4));
  const std::int64_t hop = std::clamp<std::int64_t>(std::int64_t(per_pixel), 1, longest);
  const auto columns = std::int64_t(double(width) * per_pixel / double(hop)) + 1;
  const Tensor decibels = 10 * (power_rows(sound, sample_rate, hop, columns, height) + 1e-12).log10();
  const Tensor level = ((decibels - decibels.max().clamp_min(-60)) / kDecibels + 1).clamp(0, 1);  // [height, columns]
  std::vector<Tensor> picture;
  for (std::int64_t x = 0; x < width; ++x) {  // the loudest window of each pixel, so that no click is lost
    const auto index_at = [&](double position) {
      return std::clamp<std::int64_t>(std::llround(position * per_pixel / double(hop)), 0, columns - 1);
    };
    const std::int64_t first = per_pixel > 2 * double(hop) ? index_at(double(x)) : index_at(double(x) + 0.5);
    const std::int64_t last = per_pixel > 2 * double(hop) ? std::max(first, index_at(double(x) + 1) - 1) : first;
    picture.push_back(level.narrow(1, first, last - first + 1).amax(1));
  }
  const Tensor index = at::stack(picture, 1).mul(255).round().to(at::kLong);
  return color_table().index_select(0, index.flatten()).view({height, width, 3});
}

std::vector<Tick> frequency_ticks(std::int64_t sample_rate, std::int64_t height, std::int64_t least_distance) {
  constexpr std::array<double, 9> candidates = {16000, 8000, 4000, 2000, 1000, 500, 250, 12000, 6000};
  std::vector<Tick> ticks;
  for (const double hertz : candidates) {
    const double share = axis_share(hertz, sample_rate);
    if (share > 1) continue;
    const bool free = std::all_of(ticks.begin(), ticks.end(), [&](const Tick& tick) {
      return std::abs(axis_share(tick.value, sample_rate) - share) * double(height) >= double(least_distance);
    });
    if (!free || share * double(height) < 1.3 * double(least_distance)) continue;  // the unit stands at 0
    ticks.push_back({hertz, hertz >= 1000 ? short_number(hertz / 1000) + "k" : short_number(hertz)});
  }
  return ticks;
}

std::vector<Tick> time_ticks(double seconds, std::int64_t width, std::int64_t least_distance) {
  constexpr std::array<double, 11> steps = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30};
  double step = 60;
  while (step / seconds * double(width) < double(least_distance)) step *= 2;
  for (size_t index = steps.size(); index-- > 0;) {
    if (steps[index] / seconds * double(width) >= double(least_distance)) step = steps[index];
  }
  std::vector<Tick> ticks;
  for (std::int64_t index = 0; double(index) * step <= seconds * (1 + 1e-9); ++index) {
    ticks.push_back({double(index) * step, short_number(double(index) * step)});
  }
  return ticks;
}

}  // namespace phonofilm::media
