// The block of ConvNeXt (Liu et al. 2022) over time, as Vocos has it (Siuzdak 2023).
#pragma once

#include "phonofilm/nn/layers.h"

namespace phonofilm::nn {

struct ConvNextShape {
  std::int64_t width = 128, hidden = 384;  // channels of the residual stream and inside
  std::int64_t kernel = 7;                 // taps of the depthwise convolution, odd
  double gain = 1;                         // that the residual branch starts with: one over the number of blocks
};

// x [B, T, D] float32 -> x + gain * Linear(GELU(Linear(LayerNorm(depthwise conv(x))))).
class ConvNextBlock : public Module {
 public:
  ConvNextBlock(Module& parent, const std::string& name, const ConvNextShape& shape);
  Tensor forward(const Tensor& x, const RunContext& run) const;

 private:
  Conv1d depthwise_;
  LayerNorm norm_;
  Linear wide_, narrow_;
  Tensor& gain_;
};

}  // namespace phonofilm::nn
