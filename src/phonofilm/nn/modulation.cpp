#include "phonofilm/nn/modulation.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm::nn {
namespace {

at::ScalarType wide_type(const Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

// The row of every token: [B, R, D] -> [B, L, D], or [B, 1, D] where all tokens share row 0.
Tensor rows_of_tokens(const Tensor& rows, const Tensor& row_of_token, at::ScalarType dtype) {
  if (!row_of_token.defined()) return rows.narrow(1, 0, 1).to(dtype);
  return rows.to(dtype).index_select(1, row_of_token);
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

}  // namespace phonofilm::nn
