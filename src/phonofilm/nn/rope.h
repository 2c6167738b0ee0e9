// Rotary position embedding (Su et al. 2021) of adjacent channel pairs, fused with the RMS norm of queries and keys.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn {

// Angles of L tokens for the K / 2 pairs of a head, as their cosine and sine, float32 (computed in float64).
struct RopeTable {
  Tensor cos, sin;  // [L, K / 2]
};

RopeTable rope_table(const Tensor& angles);  // angles: float64 [L, K / 2]
RopeTable concat(const RopeTable& first, const RopeTable& second);  // along L

// Splits [B, L, N * K] into heads [B, N, L, K].
Tensor split_heads(const Tensor& x, std::int64_t heads);
// Joins heads [B, N, L, K] into [B, L, N * K].
Tensor join_heads(const Tensor& x);

// What queries and keys go through before attention: RMS norm over all of D (not per head, eps), times weight,
// split into heads, rotate pairs (2j, 2j + 1) of every head by the token's angle. In float32, result in x's dtype.
//   x: [B, L, D]; weight: [D]; rope: table of L tokens, or nullptr for no rotation -> [B, heads, L, K], contiguous
// Differentiable in x and weight.
Tensor rms_norm_rope(const Tensor& x, const Tensor& weight, double eps, std::int64_t heads, const RopeTable* rope);

}  // namespace phonofilm::nn
