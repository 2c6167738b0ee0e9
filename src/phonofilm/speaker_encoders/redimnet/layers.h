// Layers that ReDimNet needs beyond nn/layers.h. All activations are float32: an encoder of 4 million weights that runs
// once for a voice has nothing to gain from less.
#pragma once

#include "phonofilm/nn/layers.h"

namespace phonofilm::speaker_encoders::redimnet {

// The two forms of one map: a picture of mel rows and frames, or a sequence of frames of F C numbers, of which index f
// C + c is channel c of row f.
Tensor to_frames(const Tensor& picture);                                            // [B, C, F, T] -> [B, F C, T]
Tensor to_picture(const Tensor& frames, std::int64_t rows, std::int64_t channels);  // and back

// `norm` over the channels of x [B, C, ...].
Tensor over_channels(const nn::LayerNorm& norm, const Tensor& x);

// 2-D convolution; weight [out, in / groups, height, width].
class Conv2d : public nn::Module {
 public:
  struct Options {
    std::int64_t height = 1, width = 1, row_stride = 1, groups = 1;
    bool padded = false;  // with zeros, so that an odd kernel keeps the size
  };
  Conv2d(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, Options options);
  Tensor forward(const Tensor& x) const;  // [B, in, F, T] -> [B, out, F', T']

 private:
  Options options_;
  Tensor &weight_, &bias_;
};

// Batch normalisation (Ioffe and Szegedy 2015) as it runs after training, per channel: weight (x - running_mean) /
// sqrt(running_var + 1e-5) + bias. The running statistics are constants here, also while other weights are trained:
// nothing updates them, and statistics of a batch are not computed. Published files also hold num_batches_tracked,
// which says nothing about values.
class BatchNorm : public nn::Module {
 public:
  BatchNorm(nn::Module& parent, const std::string& name, std::int64_t channels);
  Tensor forward(const Tensor& x) const;  // [B, C, ...] -> the same shape

 private:
  Tensor &weight_, &bias_, &mean_, &variance_;
};

}  // namespace phonofilm::speaker_encoders::redimnet
