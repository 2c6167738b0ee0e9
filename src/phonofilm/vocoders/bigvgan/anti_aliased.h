// The anti-aliased periodic activation of BigVGAN (Lee et al. 2023, section 3.2, after Karras et al. 2021): the signal
// is sampled twice as densely, goes through SnakeBeta there, and is filtered and decimated back, so that the harmonics
// that the non-linearity adds do not fold below the Nyquist frequency.
#pragma once

#include "phonofilm/nn/module.h"

namespace phonofilm::vocoders {

inline constexpr std::int64_t kSnakeTaps = 12;

// SnakeBeta(x) = x + sin^2(exp(alpha) x) / (exp(beta) + 1e-9), per channel.
struct SnakeParameters {
  Tensor alpha, beta;  // [C], logarithms
  Tensor up, down;     // [1, 1, 12], low-pass filters before and after the non-linearity
};

// x [B, C, T] -> [B, C, T] float32; the ends of the signal are repeated beyond them. Differentiable, on any device.
Tensor anti_aliased_snake(const Tensor& x, const SnakeParameters& parameters);

// The low-pass filter [taps] float32 that an untrained network has in both places: a sinc of `cutoff` (cycles per
// sample) under a Kaiser window for a transition band of `half_width` to either side, sum 1. Computed in float64; taps
// even.
Tensor kaiser_low_pass(std::int64_t taps, double cutoff, double half_width);

class AntiAliasedSnake : public nn::Module {
 public:
  AntiAliasedSnake(nn::Module& parent, const std::string& name, std::int64_t channels);
  // x [B, C, T] -> [B, C, T] float32. Where no gradient is wanted the CPU does all in one pass (fused_snake.h).
  Tensor forward(const Tensor& x) const;

 private:
  SnakeParameters parameters() const;
  Tensor &alpha_, &beta_, &up_, &down_;
};

}  // namespace phonofilm::vocoders
