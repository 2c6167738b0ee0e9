// The fused kernels behind modulation.h, rope.h, activation.h and layers.h: float32 and bfloat16 on the CPU, with their own backward
// passes (first derivatives only). Callers use those headers; tests and benchmarks compare this one with composite.h.
//
// Sums over tokens are taken over fixed chunks in a fixed order: results do not depend on the number of threads.
#pragma once

#include "phonofilm/nn/rope.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn::fused {

// Whether the kernels take this tensor: on the CPU, float32 or bfloat16, with elements.
bool accepts(const Tensor& x);

// As in modulation.h and rope.h; x, y and `dtype` must be accepted types.
Tensor modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, const Tensor& row_of_token,
                      at::ScalarType dtype);
Tensor gated_residual(const Tensor& x, const Tensor& y, const Tensor& gate, const Tensor& row_of_token);
Tensor rms_norm_rope(const Tensor& x, const Tensor& weight, double eps, std::int64_t heads, const RopeTable* rope);

Tensor gelu_tanh(const Tensor& x);

// softmax(q kᵀ / sqrt(K)) v, all bfloat16; q [B, N, Lq, K], k and v [B, N, Lk, K] of any layout with adjacent channels.
// tiled: on the matrix unit of the processor where it has one, nothing of size Lq x Lk in memory.
// product: by matrix products, with a float32 softmax in place; keeps the probabilities [B, N, Lq, Lk].
// attention: the better one that this processor can do.
Tensor tiled_attention(const Tensor& q, const Tensor& k, const Tensor& v);
Tensor product_attention(const Tensor& q, const Tensor& k, const Tensor& v);
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v);

}  // namespace phonofilm::nn::fused
