// Rearrangements between resolution and channels, all exact and parameter-free.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::autoencoders {

// [B, 3, F, H, W] -> [B, F / t, H / p, W / p, 3 * t * p * p]
Tensor fold_pixels(const Tensor& frames, std::int64_t t, std::int64_t p);
Tensor unfold_pixels(const Tensor& folded, std::int64_t t, std::int64_t p);

// [B, F, H, W, C] -> [B, F, H / p, W / p, p * p * C] and back
Tensor space_to_channels(const Tensor& x, std::int64_t p);
Tensor channels_to_space(const Tensor& x, std::int64_t p);

}  // namespace phonofilm::autoencoders
