#include "phonofilm/nn/composite.h"

#include <cmath>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::nn::composite {
namespace {

at::ScalarType wide_type(const Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

// The row of every token: [B, R, D] -> [B, L, D], or [B, 1, D] where all tokens share row 0.
Tensor rows_of_tokens(const Tensor& rows, const Tensor& row_of_token, at::ScalarType dtype) {
  if (!row_of_token.defined()) return rows.narrow(1, 0, 1).to(dtype);
  return rows.to(dtype).index_select(1, row_of_token);
}

// Rotates pairs (2j, 2j + 1) of x [B, N, L, K] by the angles of a table [L, K / 2].
Tensor rotate(const Tensor& x, const RopeTable& rope) {
  const Tensor pairs = x.unflatten(-1, {x.size(-1) / 2, 2});
  const Tensor even = pairs.select(-1, 0), odd = pairs.select(-1, 1);
  const Tensor cos = rope.cos.to(x.scalar_type()), sin = rope.sin.to(x.scalar_type());
  return at::stack({even * cos - odd * sin, even * sin + odd * cos}, -1).flatten(-2);
}

}  // namespace

Tensor modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, const Tensor& row_of_token,
                      at::ScalarType dtype) {
  const at::ScalarType wide = wide_type(x);
  const Tensor normed = at::layer_norm(x.to(wide), {x.size(-1)}, {}, {}, /*eps=*/1e-6);
  const Tensor factor = rows_of_tokens(scale, row_of_token, wide) + 1;
  return (normed * factor + rows_of_tokens(shift, row_of_token, wide)).to(dtype);
}

Tensor gated_residual(const Tensor& x, const Tensor& y, const Tensor& gate, const Tensor& row_of_token) {
  const at::ScalarType wide = wide_type(x);
  return (x.to(wide) + y.to(wide) * rows_of_tokens(gate, row_of_token, wide)).to(x.scalar_type());
}

Tensor rms_norm_rope(const Tensor& x, const Tensor& weight, double eps, std::int64_t heads, const RopeTable* rope) {
  const at::ScalarType wide_dtype = wide_type(x);
  const Tensor wide = x.to(wide_dtype);
  const Tensor scale = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);
  const Tensor normed = split_heads(wide * scale * weight.to(wide_dtype), heads);
  return (rope == nullptr ? normed : rotate(normed, *rope)).to(x.scalar_type()).contiguous();
}

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const Tensor scores = at::matmul(q * (1 / std::sqrt(double(q.size(-1)))), k.transpose(-2, -1));
  return at::matmul(at::softmax(scores, -1), v);
}

}  // namespace phonofilm::nn::composite
