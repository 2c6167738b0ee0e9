// Short-time Fourier transform and its inverse, with a periodic Hann window as long as the FFT.
// Differentiable, so that losses can be written on spectra. Complex results are complex64.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::dsp {

// Where frame 0 stands.
enum class Framing {
  centred,  // centre of frame k is sample k * hop; reflects fft / 2 samples at both ends; S / hop + 1 frames
  inner     // centre of frame k is sample (k + 1/2) * hop; reflects (fft - hop) / 2 samples; S / hop frames (HiFi-GAN)
};

struct StftConfig {
  std::int64_t fft = 1024;
  std::int64_t hop = 256;
  Framing framing = Framing::centred;
};

// waveform [B, S] float32 -> complex64 [B, fft / 2 + 1, frames]. S must be longer than the padding.
Tensor stft(const Tensor& waveform, const StftConfig& config);

// Least-squares inverse of the centred transform (overlap-add divided by the summed squared window; Griffin and Lim
// 1984).
//   spectrum: complex64 [B, fft / 2 + 1, T] -> [B, samples], samples at most T * hop
Tensor istft(const Tensor& spectrum, const StftConfig& config, std::int64_t samples);

// sqrt(re^2 + im^2 + epsilon), which has a gradient at 0.
Tensor magnitude(const Tensor& spectrum, double epsilon = 1e-9);

}  // namespace phonofilm::dsp
