#include "phonofilm/dsp/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::dsp {
namespace {

double sinc(double x) { return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }

double kaiser(double x, double beta) {  // x in [-1, 1]
  return std::abs(x) >= 1 ? 0 : std::cyl_bessel_i(0, beta * std::sqrt(1 - x * x)) / std::cyl_bessel_i(0, beta);
}

double hann(double x) {  // x in [-1, 1]
  const double half = std::abs(x) >= 1 ? 0 : std::cos(std::numbers::pi * x / 2);
  return half * half;
}

// Row p holds the weights of input samples -width .. width + down - 1 for output phase p, [up, 1, 2 * width + down].
Tensor phase_kernels(std::int64_t up, std::int64_t down, std::int64_t width, double cutoff, double reach,
                     const ResampleConfig& config) {
  Tensor kernels = at::zeros({up, 1, 2 * width + down}, at::kFloat);
  auto kernel = kernels.accessor<float, 3>();
  for (std::int64_t phase = 0; phase < up; ++phase) {
    for (std::int64_t i = 0; i < kernels.size(2); ++i) {
      const double distance = double(i - width) - double(phase) * double(down) / double(up);  // in input samples
      const double place = distance / reach;
      const double window = config.window == ResampleConfig::Window::hann ? hann(place) : kaiser(place, config.beta);
      kernel[phase][0][i] = float(cutoff * sinc(cutoff * distance) * window);
    }
  }
  return kernels;
}

}  // namespace

Tensor resample(const Tensor& waveform, std::int64_t from, std::int64_t to, const ResampleConfig& config) {
  PF_CHECK(from > 0 && to > 0, InvalidRequest, "resample", "rates must be positive, got ", from, " and ", to);
  PF_CHECK(waveform.defined() && waveform.dim() >= 1, ShapeError, "resample", "a waveform [..., S] is needed");
  if (from == to) return waveform;
  const std::int64_t divisor = std::gcd(from, to), down = from / divisor, up = to / divisor;
  const std::int64_t samples = waveform.size(-1), wanted = (samples * up + down - 1) / down;
  const double cutoff = config.rolloff * std::min(1.0, double(up) / double(down));  // relative to the input's Nyquist
  const double reach = double(config.zeros) / cutoff;
  const auto width = std::int64_t(std::ceil(reach));

  const Tensor kernels = phase_kernels(up, down, width, cutoff, reach, config);
  const std::int64_t blocks = (wanted + up - 1) / up;  // each reads `down` inputs and yields `up` outputs
  const Tensor flat = waveform.to(at::kFloat).reshape({-1, 1, samples});
  const Tensor padded = at::constant_pad_nd(flat, {width, width + blocks * down - samples + down}, 0);
  const Tensor phases =
      at::conv1d(padded, kernels.to(waveform.device()), {}, down).narrow(2, 0, blocks);  // [*, up, blocks]
  Shape shape = waveform.sizes().vec();
  shape.back() = wanted;
  return phases.transpose(1, 2).reshape({flat.size(0), -1}).narrow(1, 0, wanted).reshape(shape);
}

}  // namespace phonofilm::dsp
