// The reconstruction loss of the video autoencoder with its gradient, in one pass over the pixels: as a graph of
// tensor operators it would cost more than the network itself.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::train {

// 1 + moving * min(1, 2 max_c |x - mean_t x|) of every pixel: the moving thing covers a few percent of a picture and
// would otherwise be a rounding error of the wall. frames: float32 [B, 3, F, H, W] -> [B, F, H, W].
Tensor moving_weight(const Tensor& frames, double moving);

struct PictureLoss {
  double picture = 0;  // mean of w (|d| + 2 d^2), d = decoded - frames
  double motion = 0;   // mean of w |d_t - d_(t-1)|: errors of frame-to-frame change, which carry the timing
  Tensor gradient;     // of picture + motion_scale * motion with respect to `decoded`, float32
};

// decoded, frames: float32 contiguous [B, 3, F, H, W]; weight: [B, F, H, W]
PictureLoss picture_loss(const Tensor& decoded, const Tensor& frames, const Tensor& weight, double motion_scale);

// A scalar with the given value whose derivative with respect to `x` is `gradient`.
Tensor with_gradient(const Tensor& x, const Tensor& gradient, double value);

}  // namespace phonofilm::train
