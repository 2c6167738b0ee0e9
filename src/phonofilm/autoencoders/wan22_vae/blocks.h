// The blocks of Wan 2.2's video autoencoder that keep the resolution. Activations are [B, F, H, W, C].
#pragma once

#include <memory>

#include "phonofilm/autoencoders/wan22_vae/convolution.h"

namespace phonofilm::autoencoders::wan22 {

// x / ||x|| * sqrt(C) * gamma over channels; statistics in float32, result in the dtype of x.
class ChannelNorm : public nn::Module {
 public:
  enum class Gamma { per_film, per_frame };  // published as [C, 1, 1, 1] or [C, 1, 1]
  ChannelNorm(nn::Module& parent, const std::string& name, std::int64_t width, Gamma gamma = Gamma::per_film);
  Tensor forward(const Tensor& x) const;

 private:
  Tensor& gamma_;
};

// Norm, SiLU and causal convolution, twice, and what came in added; a convolution of single positions carries that to
// another width.
class ResidualBlock : public nn::Module {
 public:
  ResidualBlock(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out);
  Tensor forward(const Tensor& x, Stream& stream, const nn::RunContext& run) const;

 private:
  ChannelNorm norm1_;
  CausalConv conv1_;
  ChannelNorm norm2_;
  CausalConv conv2_;
  std::unique_ptr<CausalConv> shortcut_;
};

// Self-attention within every frame, one head of the full width.
class FrameAttention : public nn::Module {
 public:
  FrameAttention(nn::Module& parent, const std::string& name, std::int64_t width);
  Tensor forward(const Tensor& x, const nn::RunContext& run) const;

 private:
  ChannelNorm norm_;
  FrameConv to_qkv_, proj_;
};

// "middle": residual block, attention, residual block.
class Middle : public nn::Module {
 public:
  Middle(nn::Module& parent, std::int64_t width);
  Tensor forward(const Tensor& x, Stream& stream, const nn::RunContext& run) const;

 private:
  ResidualBlock first_;
  FrameAttention attention_;
  ResidualBlock last_;
};

// "head": norm, SiLU, causal convolution.
class Head : public nn::Module {
 public:
  Head(nn::Module& parent, std::int64_t in, std::int64_t out);
  Tensor forward(const Tensor& x, Stream& stream, const nn::RunContext& run) const;

 private:
  ChannelNorm norm_;
  CausalConv conv_;
};

}  // namespace phonofilm::autoencoders::wan22
