// The layers of the LTX audio autoencoder. A spectrogram is a picture [B, C, T, M] of time and mel bands; convolutions
// see no later frame, but bands to both sides. All in float32: in bfloat16 the publisher reports spectral errors 40 to
// 90 % larger.
#pragma once

#include <memory>

#include "phonofilm/nn/module.h"

namespace phonofilm::autoencoders::ltx_audio {

// x / sqrt(mean over channels of x^2 + 1e-6); no parameters.
Tensor pixel_norm(const Tensor& x);

// [B, C, T, M] -> [B, C, 2 T, 2 M]: every value four times.
Tensor doubled(const Tensor& x);

// Convolution of an odd square kernel; published as <name>.conv.weight [out, in, k, k] and <name>.conv.bias. Zeros
// before the beginning and beyond the outermost bands.
class CausalConv : public nn::Module {
 public:
  CausalConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel);
  Tensor forward(const Tensor& x) const;  // [B, in, T, M] -> [B, out, T, M]
  // Every second frame, from the first, and every second band; kernel 3: [B, in, T, M] -> [B, out, (T + 1) / 2, M / 2].
  Tensor halve(const Tensor& x) const;

 private:
  std::int64_t kernel_;
  Tensor &weight_, &bias_;
};

// Norm, SiLU and convolution, twice, and what came in added; a convolution of single positions carries that to another
// width.
class ResBlock : public nn::Module {
 public:
  ResBlock(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out);
  Tensor forward(const Tensor& x) const;  // [B, in, T, M] -> [B, out, T, M]

 private:
  CausalConv conv1_, conv2_;
  std::unique_ptr<CausalConv> shortcut_;
};

// Residual blocks <name>.block.0, 1, ... of which the first changes the width.
class Level : public nn::Module {
 public:
  Level(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t count);
  Tensor forward(Tensor x) const;  // [B, in, T, M] -> [B, out, T, M]

 private:
  std::vector<std::unique_ptr<ResBlock>> blocks_;
};

// "mid": two residual blocks at the widest level.
class Middle : public nn::Module {
 public:
  Middle(nn::Module& parent, std::int64_t width);
  Tensor forward(const Tensor& x) const { return second_.forward(first_.forward(x)); }

 private:
  ResBlock first_, second_;
};

}  // namespace phonofilm::autoencoders::ltx_audio
