#include "phonofilm/nn/storage.h"

#include <cmath>
#include <functional>
#include <limits>

#include "phonofilm/base/error.h"
#include "phonofilm/nn/look_up.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::nn {
namespace {

constexpr double kLargestInt8 = 127, kLargestFloat8 = 448;  // of int8 kept symmetric, of float8_e4m3fn
constexpr std::int64_t kElementsPerBlock = 1 << 22;         // of a matrix that is dequantised: 8 MB in bfloat16

// Calls f(first row, rows) for blocks of about `elements` elements.
void for_blocks(const Tensor& matrix, std::int64_t elements, const std::function<void(std::int64_t, std::int64_t)>& f) {
  const std::int64_t step = std::max<std::int64_t>(1, elements / std::max<std::int64_t>(1, matrix.size(1)));
  for (std::int64_t row = 0; row < matrix.size(0); row += step) f(row, std::min(step, matrix.size(0) - row));
}

// Small enough that the float32 copies of a block do not count.
void for_quantised_blocks(const Tensor& matrix, const std::function<void(std::int64_t, std::int64_t)>& f) {
  for_blocks(matrix, /*elements=*/1 << 17, f);
}

// max |w| of each row, float32 [out].
Tensor row_maxima(const Tensor& weight, const std::string& name) {
  const Tensor maxima = at::zeros({weight.size(0)}, weight.options().dtype(at::kFloat));
  if (weight.numel() == 0) return maxima;
  for_quantised_blocks(weight, [&](std::int64_t row, std::int64_t rows) {
    maxima.narrow(0, row, rows).copy_(weight.narrow(0, row, rows).to(at::kFloat).abs().amax(1));
  });
  // A NaN goes through abs and amax.
  PF_CHECK(at::isfinite(maxima).all().item<bool>(), CheckpointError, "quantise", name, ": holds a value that is not finite");
  return maxima;
}

// A positive scale that makes `maxima` the largest 8-bit value; dividing zero by it gives zero.
Tensor scale_for(const Tensor& maxima, double largest) {
  return (maxima / largest).clamp_min(double(std::numeric_limits<float>::min()));
}

// Scales as a column, [1 or out, 1].
Tensor column(const Tensor& scale) { return scale.reshape({-1, 1}); }

bool per_row(const Stored& w) { return w.scale.defined() && w.scale.numel() > 1; }

Stored rows_of(const Stored& w, std::int64_t row, std::int64_t rows) {
  return {w.values.narrow(0, row, rows), per_row(w) ? w.scale.flatten().narrow(0, row, rows) : w.scale};
}

// What every code of `like`'s dtype stands for, float32 [1, 256].
Tensor all_codes(const Tensor& like) {
  return at::arange(256, like.options().dtype(at::kByte)).view(like.scalar_type()).to(at::kFloat).unsqueeze(0);
}

bool can_look_up(const Stored& w, at::ScalarType dtype) {
  return w.values.is_cpu() && w.eight_bit() && (dtype == at::kFloat || dtype == at::kBFloat16 || dtype == at::kHalf);
}

bool is_float8(const Tensor& t) { return t.scalar_type() == at::kFloat8_e4m3fn || t.scalar_type() == at::kFloat8_e5m2; }

std::string scale_problem(const Tensor& scale, const Tensor& values) {
  const std::int64_t out = values.size(0);
  const bool fits = scale.numel() == 1 || scale.sizes() == at::IntArrayRef{out} || scale.sizes() == at::IntArrayRef{out, 1};
  if (!at::isFloatingType(scale.scalar_type())) return concat("its scale is ", scale.scalar_type(), ", expected float32");
  return fits ? "" : concat("its scale: expected [] or [", out, "], got ", shape_text(scale.sizes()));
}

}  // namespace

Stored quantise_int8(const Tensor& weight, const std::string& name) {
  const Tensor scale = scale_for(row_maxima(weight, name), kLargestInt8);
  const Tensor values = at::empty(weight.sizes(), weight.options().dtype(at::kChar));
  for_quantised_blocks(weight, [&](std::int64_t row, std::int64_t rows) {
    const Tensor q = weight.narrow(0, row, rows).to(at::kFloat) / column(scale.narrow(0, row, rows));
    values.narrow(0, row, rows).copy_(q.round().clamp(-kLargestInt8, kLargestInt8));
  });
  return {values, scale};
}

Stored quantise_float8(const Tensor& weight, const std::string& name) {
  const Tensor maxima = row_maxima(weight, name);
  const Tensor scale = scale_for(maxima.numel() > 0 ? maxima.max() : at::zeros({}, maxima.options()), kLargestFloat8);
  const Tensor values = at::empty(weight.sizes(), weight.options().dtype(at::kFloat8_e4m3fn));
  for_quantised_blocks(weight, [&](std::int64_t row, std::int64_t rows) {
    values.narrow(0, row, rows).copy_(weight.narrow(0, row, rows).to(at::kFloat) / scale);
  });
  return {values, scale};
}

Tensor dequantise(const Stored& w, at::ScalarType dtype) {
  if (can_look_up(w, dtype)) {
    const Tensor codes = all_codes(w.values);
    const Tensor table = (w.scale.defined() ? codes * column(w.scale) : codes).to(dtype);
    const Tensor matrix = w.values.dim() > 1 ? w.values.flatten(1) : w.values.reshape({1, -1});
    return look_up(matrix.contiguous(), table.contiguous()).view(w.values.sizes());
  }
  return w.scale.defined() ? (w.values.to(at::kFloat) * column(w.scale)).to(dtype) : w.values.to(dtype);
}

Tensor eight_bit_linear(const Tensor& x, const Stored& weight, const std::optional<Tensor>& bias) {
  std::vector<Tensor> parts;
  for_blocks(weight.values, kElementsPerBlock, [&](std::int64_t row, std::int64_t rows) {
    parts.push_back(at::linear(x, dequantise(rows_of(weight, row, rows), x.scalar_type()),
                               bias ? std::optional(bias->narrow(0, row, rows)) : std::nullopt));
  });
  return parts.size() == 1 ? parts[0] : at::cat(parts, -1);
}

Stored keep(Stored source, bool linear, const Storage& storage, const std::string& name) {
  const bool wanted = linear && storage.linears != LinearStorage::as_others;
  if (wanted && !source.eight_bit()) {
    const bool int8 = storage.linears == LinearStorage::int8;
    return int8 ? quantise_int8(source.values, name) : quantise_float8(source.values, name);
  }
  if (storage.dtype && !wanted) {
    if (source.eight_bit()) return {dequantise(source, *storage.dtype), {}};
    const Tensor values = source.values.to(*storage.dtype, /*non_blocking=*/false, /*copy=*/false, at::MemoryFormat::Contiguous);
    return {values.contiguous(), {}};
  }
  return {source.values.contiguous(), source.scale.defined() ? source.scale.to(at::kFloat).contiguous() : Tensor()};
}

std::string scale_name(const std::string& parameter) {
  const size_t dot = parameter.rfind('.');
  const size_t start = dot == std::string::npos ? 0 : dot + 1;
  return parameter.substr(0, start) + "scale_" + parameter.substr(start);
}

std::string storage_misfit(const Tensor& values, const Tensor* scale, bool linear, bool marked) {
  if (scale != nullptr) {
    if (values.scalar_type() == at::kChar || is_float8(values)) return scale_problem(*scale, values);
    return concat("has a scale, but is ", values.scalar_type(), ", neither int8 nor float8");
  }
  if (linear && marked && is_float8(values)) return "has no scale, in a file that is marked scaled_fp8";
  if (at::isFloatingType(values.scalar_type())) return "";
  return concat("expected floating-point numbers, got ", values.scalar_type(), linear ? " without a scale" : "");
}

}  // namespace phonofilm::nn
