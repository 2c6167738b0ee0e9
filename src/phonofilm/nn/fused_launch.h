// Between fused.h and the kernels: tensors in, kernels run over chunks on all threads, tensors out. No autograd here;
// fused_autograd.cpp puts these passes together. All rows of parameters (shift, scale, gate, weight) are
// contiguous float32 here, x and the like contiguous unless said otherwise, row_of_token is checked int32 or undefined.
#pragma once

#include "phonofilm/nn/rope.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn::fused::launch {

Tensor modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, const Tensor& row_of_token,
                      at::ScalarType dtype);
struct ModulatedNormGradients {
  Tensor x, shift, scale;  // shift, scale: float32 [B, R, D]
};
ModulatedNormGradients modulated_norm_backward(const Tensor& x, const Tensor& scale, const Tensor& row_of_token,
                                               const Tensor& g);

Tensor gated_residual(const Tensor& x, const Tensor& y, const Tensor& gate, const Tensor& row_of_token);
struct GatedResidualGradients {
  Tensor y, gate;  // that of x is g itself
};
GatedResidualGradients gated_residual_backward(const Tensor& y, const Tensor& gate, const Tensor& row_of_token,
                                               const Tensor& g);

// x: any strides with adjacent channels; `pairs`: the table with every pair's value twice, the sine as -s, +s.
struct NormRope {
  Tensor weight;
  double eps;
  std::int64_t heads;
  RopeTable pairs;
};
RopeTable doubled(const RopeTable* rope);
Tensor norm_rope(const Tensor& x, const NormRope& parameters);
struct NormRopeGradients {
  Tensor x, weight;
};
NormRopeGradients norm_rope_backward(const Tensor& x, const NormRope& parameters, const Tensor& g);

Tensor gelu(const Tensor& x);
Tensor gelu_backward(const Tensor& x, const Tensor& g);

// bfloat16 [B, N, L, K] of any strides with adjacent channels.
struct AttentionInputs {
  Tensor q, k, v;
};
struct AttentionGradients {
  Tensor q, k, v;
};
// `normalisers`, float32 [2, B, N, Lq], and the result are what the backward pass needs.
Tensor normalisers_of(const Tensor& q);
Tensor tiled_attention(const AttentionInputs& in, const Tensor& normalisers);
AttentionGradients tiled_attention_backward(const AttentionInputs& in, const Tensor& normalisers, const Tensor& out,
                                            const Tensor& g);

// bfloat16 [B * N, L, K], contiguous.
Tensor probabilities(const Tensor& q, const Tensor& k);
AttentionGradients product_attention_backward(const AttentionInputs& in, const Tensor& probabilities, const Tensor& g);

}  // namespace phonofilm::nn::fused::launch
