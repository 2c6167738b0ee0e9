#include "phonofilm/nn/rope.h"

#include "phonofilm/base/error.h"
#include "phonofilm/nn/composite.h"
#include "phonofilm/nn/fused.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::nn {

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
  const char* where = "nn.rms_norm_rope";
  PF_CHECK(x.dim() == 3 && heads > 0 && x.size(2) % (2 * heads) == 0, ShapeError, where,
           "x: expected [B, L, heads * K] with even K and ", heads, " heads, got ", shape_text(x.sizes()));
  expect_shape(weight, {x.size(2)}, where);
  if (rope != nullptr) {
    expect_shape(rope->cos, {x.size(1), x.size(2) / heads / 2}, where);
    expect_shape(rope->sin, rope->cos.sizes().vec(), where);
  }
  return fused::accepts(x) ? fused::rms_norm_rope(x, weight, eps, heads, rope)
                           : composite::rms_norm_rope(x, weight, eps, heads, rope);
}

}  // namespace phonofilm::nn
