// The two kinds of blocks of ReDimNet (Yakovlev et al. 2024): one over the picture of mel rows and frames, one over the
// sequence of frames.
#pragma once

#include "phonofilm/speaker_encoders/redimnet/layers.h"

namespace phonofilm::speaker_encoders::redimnet {

inline constexpr std::int64_t kHeads = 4;  // of the attention over time

// ConvNeXt-like (Liu et al. 2022): x + pointwise(GELU(norm(grouped(x)))), with the exact GELU.
class PictureBlock : public nn::Module {
 public:
  PictureBlock(nn::Module& parent, const std::string& name, std::int64_t channels, std::int64_t kernel,
               std::int64_t group);
  Tensor forward(const Tensor& x) const;  // [B, C, F, T] -> the same shape

 private:
  Conv2d grouped_;
  BatchNorm norm_;
  Conv2d pointwise_;
};

// A transformer layer that normalises after each sum: y = norm(x + attention(x)), norm(y + feed_forward(y)). Positions
// enter only by the convolution before it. The GELU is that of tanh.
class FrameTransformer : public nn::Module {
 public:
  FrameTransformer(nn::Module& parent, const std::string& name, std::int64_t width);
  Tensor forward(const Tensor& x) const;  // [B, T, D] -> the same shape

 private:
  Tensor attend(const Tensor& x) const;
  nn::Linear q_, k_, v_, out_;
  nn::LayerNorm attention_norm_;
  nn::Linear widen_, narrow_;
  nn::LayerNorm final_norm_;
};

// What a frame learns of the others: reduced to fewer channels, a depthwise convolution over 59 frames (0.6 s), a
// transformer layer over all, and back, added to the frames.
class TimeContext : public nn::Module {
 public:
  TimeContext(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t reduced);
  Tensor forward(const Tensor& frames) const;  // [B, D, T] -> the same shape

 private:
  nn::Conv1d reduce_;
  nn::LayerNorm reduce_norm_;
  nn::Conv1d near_;
  nn::LayerNorm near_norm_;
  FrameTransformer far_;
  nn::Conv1d expand_;
};

}  // namespace phonofilm::speaker_encoders::redimnet
