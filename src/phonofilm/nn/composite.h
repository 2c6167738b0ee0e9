// The formulas of modulation.h and rope.h in LibTorch's own operators: the path of GPUs and of dtypes that the fused
// CPU kernels do not take, and their oracle in tests. float64 input is computed in float64, the rest in float32.
#pragma once

#include "phonofilm/nn/rope.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn::composite {

Tensor modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, const Tensor& row_of_token,
                      at::ScalarType dtype);
Tensor gated_residual(const Tensor& x, const Tensor& y, const Tensor& gate, const Tensor& row_of_token);
Tensor rms_norm_rope(const Tensor& x, const Tensor& weight, double eps, std::int64_t heads, const RopeTable* rope);
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v);

}  // namespace phonofilm::nn::composite
