// Adaptive layer norm as diffusion transformers use it (DiT, Peebles and Xie 2023; per-token timesteps as in Wan 2.2):
// every token is normalised, scaled and shifted by a row that depends on its timestep.
//
// A sample has few distinct timesteps (one, or two when a given first frame is held clean), so the rows are computed
// once per distinct timestep and tokens name their row, instead of one row per token.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn {

// LN(x) * (1 + scale[row]) + shift[row], where LN has no parameters and eps 1e-6. Statistics in float32.
//   x: [B, L, D] float32 or bfloat16; shift, scale: [B, R, D] (any float dtype, used as float32)
//   row_of_token: int32 [L], the same for all samples, values in [0, R); undefined means row 0 for all
// returns [B, L, D] in `dtype`. Differentiable in x, shift and scale.
Tensor modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, const Tensor& row_of_token,
                      at::ScalarType dtype);

// x + y * gate[row]: x [B, L, D] float32 or bfloat16 (the residual stream keeps its dtype), y [B, L, D], gate [B, R, D].
Tensor gated_residual(const Tensor& x, const Tensor& y, const Tensor& gate, const Tensor& row_of_token);

}  // namespace phonofilm::nn
