// The blocks of ConvNeXt (Liu et al. 2022) over time, as Vocos has them (Siuzdak 2023).
#pragma once

#include <memory>
#include <vector>

#include "phonofilm/nn/layers.h"

namespace phonofilm::nn {

struct ConvNextShape {
  std::int64_t width = 128, hidden = 384;  // channels of the residual stream and inside
  std::int64_t kernel = 7;                 // taps of the depthwise convolution, odd
};

// x [B, T, D] float32 -> x + gain * Linear(GELU(Linear(LayerNorm(depthwise conv(x))))).
class ConvNextBlock : public Module {
 public:
  // gain: that the residual branch starts with
  ConvNextBlock(Module& parent, const std::string& name, const ConvNextShape& shape, double gain);
  Tensor forward(const Tensor& x, const RunContext& run) const;

 private:
  Conv1d depthwise_;
  LayerNorm norm_;
  Linear wide_, narrow_;
  Tensor& gain_;
};

// Norm, blocks, norm: parameters "norm", "convnext.0" and on, "final_layer_norm" of the parent.
class ConvNextBody {
 public:
  // Every block starts with a gain of one over their number.
  ConvNextBody(Module& parent, const ConvNextShape& shape, std::int64_t blocks);
  Tensor forward(const Tensor& x, const RunContext& run) const;  // [B, T, D] float32 -> the same shape

 private:
  LayerNorm first_norm_;
  std::vector<std::unique_ptr<ConvNextBlock>> blocks_;
  LayerNorm last_norm_;
};

}  // namespace phonofilm::nn
