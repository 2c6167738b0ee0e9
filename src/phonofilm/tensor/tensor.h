// The one tensor type of the project. Public headers include this and nothing heavier of LibTorch.
//
// Axis letters, used in every shape comment: B batch, L tokens, D width, N heads, K head dim, C channels,
// F H W latent (or pixel) frames/rows/columns, T audio latent length, S waveform samples.
#pragma once

#include <ATen/core/Tensor.h>

namespace phonofilm {

using at::Tensor;
using Shape = std::vector<std::int64_t>;

}  // namespace phonofilm
