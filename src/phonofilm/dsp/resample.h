// Change of sample rate by band-limited interpolation: a windowed sinc per output phase (polyphase).
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::dsp {

struct ResampleConfig {
  enum class Window { kaiser, hann };
  std::int64_t zeros = 24;  // zero crossings of the sinc on either side
  double rolloff = 0.95;    // pass band as a fraction of the lower Nyquist frequency
  double beta = 9.0;        // of the Kaiser window; 9 keeps aliases below -90 dB
  Window window = Window::kaiser;
};

// The short filter of torchaudio's defaults, which published audio models are measured with.
inline constexpr ResampleConfig kHannSinc{.zeros = 6, .rolloff = 0.99, .window = ResampleConfig::Window::hann};

// waveform [..., S] float32 at `from` Hz -> [..., ceil(S * to / from)] at `to` Hz. Sample 0 stays at time 0.
// Differentiable. Equal rates return the input.
Tensor resample(const Tensor& waveform, std::int64_t from, std::int64_t to, const ResampleConfig& config = {});

}  // namespace phonofilm::dsp
