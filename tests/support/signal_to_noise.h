// How far a picture or sound is from what it should be, in decibels.
#pragma once

#include <cmath>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::test {

// Peak signal to noise of uint8 pictures.
inline double psnr(const Tensor& one, const Tensor& other) {
  const double error = (one.to(at::kDouble) - other.to(at::kDouble)).square().mean().item<double>();
  return 10 * std::log10(255.0 * 255.0 / error);
}

inline double snr(const Tensor& found, const Tensor& true_sound) {
  const Tensor error = found.to(at::kDouble) - true_sound.to(at::kDouble);
  return 10 * std::log10((true_sound.to(at::kDouble).square().mean() / error.square().mean()).item<double>());
}

}  // namespace phonofilm::test
