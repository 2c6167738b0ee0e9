#include "phonofilm/nn/modulation.h"

#include "phonofilm/nn/composite.h"
#include "phonofilm/nn/fused.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::nn {
namespace {

void expect_rows(const Tensor& x, const Tensor& rows, const Tensor& row_of_token, const char* where) {
  PF_CHECK(x.dim() == 3, ShapeError, where, "x: expected [B, L, D], got ", shape_text(x.sizes()));
  expect_shape(rows, {x.size(0), kAny, x.size(2)}, where);
  if (row_of_token.defined()) expect_shape(row_of_token, {x.size(1)}, where);
}

bool narrow_type(at::ScalarType dtype) { return dtype == at::kFloat || dtype == at::kBFloat16; }

}  // namespace

Tensor modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, const Tensor& row_of_token,
                      at::ScalarType dtype) {
  expect_rows(x, shift, row_of_token, "nn.modulated_norm");
  expect_shape(scale, shift.sizes().vec(), "nn.modulated_norm: scale");
  if (fused::accepts(x) && narrow_type(dtype)) return fused::modulated_norm(x, shift, scale, row_of_token, dtype);
  return composite::modulated_norm(x, shift, scale, row_of_token, dtype);
}

Tensor gated_residual(const Tensor& x, const Tensor& y, const Tensor& gate, const Tensor& row_of_token) {
  expect_rows(x, gate, row_of_token, "nn.gated_residual");
  expect_shape(y, x.sizes().vec(), "nn.gated_residual: y");
  if (fused::accepts(x) && fused::accepts(y)) return fused::gated_residual(x, y, gate, row_of_token);
  return composite::gated_residual(x, y, gate, row_of_token);
}

}  // namespace phonofilm::nn
