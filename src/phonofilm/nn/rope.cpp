#include "phonofilm/nn/rope.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm::nn {
namespace {

at::ScalarType wide_type(const Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

// Rotates pairs (2j, 2j + 1) of x [B, N, L, K] by the angles of a table [L, K / 2].
Tensor rotate(const Tensor& x, const RopeTable& rope) {
  const Tensor pairs = x.unflatten(-1, {x.size(-1) / 2, 2});
  const Tensor even = pairs.select(-1, 0), odd = pairs.select(-1, 1);
  const Tensor cos = rope.cos.to(x.scalar_type()), sin = rope.sin.to(x.scalar_type());
  return at::stack({even * cos - odd * sin, even * sin + odd * cos}, -1).flatten(-2);
}

}  // namespace

RopeTable rope_table(const Tensor& angles) {
  return {at::cos(angles).to(at::kFloat), at::sin(angles).to(at::kFloat)};
}

RopeTable concat(const RopeTable& first, const RopeTable& second) {
  return {at::cat({first.cos, second.cos}), at::cat({first.sin, second.sin})};
}

Tensor split_heads(const Tensor& x, std::int64_t heads) {
  return x.unflatten(-1, {heads, x.size(-1) / heads}).transpose(1, 2);
}

Tensor join_heads(const Tensor& x) { return x.transpose(1, 2).flatten(2); }

Tensor rms_norm_rope(const Tensor& x, const Tensor& weight, double eps, std::int64_t heads, const RopeTable* rope) {
  const at::ScalarType wide_dtype = wide_type(x);
  const Tensor wide = x.to(wide_dtype);
  const Tensor scale = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);
  const Tensor normed = split_heads(wide * scale * weight.to(wide_dtype), heads);
  return (rope == nullptr ? normed : rotate(normed, *rope)).to(x.scalar_type()).contiguous();
}

}  // namespace phonofilm::nn
