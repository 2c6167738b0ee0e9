#include "phonofilm/dsp/griffin_lim.h"

#include <algorithm>
#include <numbers>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::dsp {

Tensor griffin_lim(const Tensor& magnitude, const StftConfig& stft_config, std::int64_t samples,
                   const GriffinLimConfig& config) {
  const Tensor angle = rand_uniform(magnitude.sizes().vec(), make_generator(config.seed)) * (2 * std::numbers::pi);
  const Tensor spectrum = at::complex(magnitude * at::cos(angle), magnitude * at::sin(angle));
  return refine_phases(spectrum, magnitude, stft_config, samples, config);
}

Tensor refine_phases(const Tensor& start, const Tensor& magnitude, const StftConfig& stft_config, std::int64_t samples,
                     const GriffinLimConfig& config) {
  expect_shape(magnitude, {kAny, stft_config.fft / 2 + 1, kAny}, "griffin_lim: magnitude");
  expect_shape(start, magnitude.sizes().vec(), "griffin_lim: spectrum");
  const std::int64_t frames = magnitude.size(2);
  Tensor spectrum = start * (magnitude / dsp::magnitude(start, 1e-16)), previous;
  for (std::int64_t i = 0; i < config.iterations; ++i) {
    // Frames that look beyond the end are not given, so they are computed and dropped.
    const Tensor rebuilt = stft(istft(spectrum, stft_config, samples), stft_config);
    Tensor next = rebuilt.narrow(2, 0, std::min(frames, rebuilt.size(2)));
    if (next.size(2) < frames) next = at::constant_pad_nd(next, {0, frames - next.size(2)}, 0);
    const Tensor moved = previous.defined() ? next + (next - previous) * config.momentum : next;
    previous = next;
    spectrum = moved * (magnitude / dsp::magnitude(moved, 1e-16));
  }
  return istft(spectrum, stft_config, samples);
}

Tensor griffin_lim_of_mel(const Tensor& log_mel, const LogMel& front_end, const GriffinLimConfig& config) {
  const StftConfig stft_config = front_end.config().stft();
  const Tensor magnitudes = magnitude_of_mel(log_mel, front_end);
  return griffin_lim(magnitudes, stft_config, log_mel.size(2) * stft_config.hop, config);
}

}  // namespace phonofilm::dsp
