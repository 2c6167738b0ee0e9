// Compiled with OpenMP and without the precompiled header: at::parallel_for is serial otherwise.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/stack.h>

#include "phonofilm/nn/fused_launch.h"
#include "phonofilm/nn/kernels/rows.h"

namespace phonofilm::nn::fused::launch {
namespace {

using kernels::Span;
using kernels::table;

constexpr std::int64_t kTokensPerChunk = 64;
constexpr std::int64_t kElementsPerTask = 1 << 14;  // fewer are not worth waking a thread

kernels::Type type_of(const Tensor& t) {
  return t.scalar_type() == at::kFloat ? kernels::Type::f32 : kernels::Type::bf16;
}

const std::int32_t* pointer(const Tensor& row_of_token) {
  return row_of_token.defined() ? row_of_token.const_data_ptr<std::int32_t>() : nullptr;
}

// The chunks of samples x tokens, in the order of their index.
struct Chunks {
  std::int64_t samples, tokens, width;
  std::int64_t per_sample = (tokens + kTokensPerChunk - 1) / kTokensPerChunk;
  std::int64_t count = samples * per_sample;

  Span span(std::int64_t index) const {
    const std::int64_t first = index % per_sample * kTokensPerChunk;
    return {index / per_sample, first, std::min(first + kTokensPerChunk, tokens)};
  }
  template <class F>
  void run(F f) const {
    const std::int64_t grain = std::max<std::int64_t>(1, kElementsPerTask / (kTokensPerChunk * width));
    at::parallel_for(0, count, grain, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t index = first; index < last; ++index) f(index, span(index));
    });
  }
};

// Runs f(span, partial sum) for all chunks and adds the partial sums of each sample: float32 [B, width].
template <class F>
Tensor run_and_sum(const Chunks& chunks, std::int64_t width, F f) {
  const Tensor parts = at::empty({chunks.count, width}, at::kFloat);
  const Tensor totals = at::empty({chunks.samples, width}, at::kFloat);
  float *part = parts.mutable_data_ptr<float>(), *total = totals.mutable_data_ptr<float>();
  chunks.run([&](std::int64_t index, Span span) { f(span, part + index * width); });
  for (std::int64_t b = 0; b < chunks.samples; ++b) {
    table().add_parts(part + b * chunks.per_sample * width, chunks.per_sample, width, total + b * width);
  }
  return totals;
}

kernels::ModulatedNorm arguments(const Tensor& x, const Tensor& scale, const Tensor& row_of_token, const Tensor& y) {
  return {.tokens = x.size(1), .width = x.size(2), .rows = scale.size(1), .eps = 1e-6f,
          .row_of_token = pointer(row_of_token), .x = x.const_data_ptr(), .x_type = type_of(x), .shift = nullptr,
          .scale = scale.const_data_ptr<float>(), .g = nullptr, .y = y.mutable_data_ptr(), .y_type = type_of(y)};
}

kernels::GatedResidual arguments(const Tensor& x, const Tensor& f, const Tensor& gate, const Tensor& row_of_token,
                                 const Tensor& y) {
  return {.tokens = x.size(1), .width = x.size(2), .rows = gate.size(1), .row_of_token = pointer(row_of_token),
          .x = x.const_data_ptr(), .f = f.const_data_ptr(), .x_type = type_of(x), .f_type = type_of(f),
          .gate = gate.const_data_ptr<float>(), .y = y.mutable_data_ptr()};
}

kernels::NormRope arguments(const Tensor& x, const NormRope& p, const Tensor& y) {
  const bool turned = p.pairs.cos.defined();
  return {.tokens = x.size(1), .heads = p.heads, .head_width = x.size(2) / p.heads, .eps = float(p.eps),
          .x = x.const_data_ptr(), .sample_stride = x.stride(0), .token_stride = x.stride(1), .type = type_of(x),
          .weight = p.weight.const_data_ptr<float>(), .cos = turned ? p.pairs.cos.const_data_ptr<float>() : nullptr,
          .sin = turned ? p.pairs.sin.const_data_ptr<float>() : nullptr, .g = nullptr, .y = y.mutable_data_ptr()};
}

// Runs f(first, count) over pieces of n elements.
template <class F>
void over_elements(std::int64_t n, F f) {
  at::parallel_for(0, n, kElementsPerTask, [&](std::int64_t first, std::int64_t last) { f(first, last - first); });
}

const char* read(const Tensor& t, std::int64_t from) {
  return static_cast<const char*>(t.const_data_ptr()) + from * std::int64_t(t.itemsize());
}
char* written(const Tensor& t, std::int64_t from) {
  return static_cast<char*>(t.mutable_data_ptr()) + from * std::int64_t(t.itemsize());
}

}  // namespace

Tensor modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, const Tensor& row_of_token,
                      at::ScalarType dtype) {
  const Tensor y = at::empty(x.sizes(), x.options().dtype(dtype));
  kernels::ModulatedNorm args = arguments(x, scale, row_of_token, y);
  args.shift = shift.const_data_ptr<float>();
  Chunks{x.size(0), x.size(1), x.size(2)}.run([&](std::int64_t, Span span) { table().modulated_norm(args, span); });
  return y;
}

ModulatedNormGradients modulated_norm_backward(const Tensor& x, const Tensor& scale, const Tensor& row_of_token,
                                               const Tensor& g) {
  const Tensor dx = at::empty_like(x);
  kernels::ModulatedNorm args = arguments(x, scale, row_of_token, dx);
  args.g = g.const_data_ptr();
  args.y_type = type_of(g);
  const Chunks chunks{x.size(0), x.size(1), x.size(2)};
  const Tensor sums = run_and_sum(chunks, 2 * args.rows * args.width, [&](Span span, float* part) {
                        table().modulated_norm_backward(args, span, part);
                      }).view({x.size(0), 2, args.rows, args.width});
  return {dx, sums.select(1, 0), sums.select(1, 1)};
}

Tensor gated_residual(const Tensor& x, const Tensor& y, const Tensor& gate, const Tensor& row_of_token) {
  const Tensor result = at::empty_like(x);
  const kernels::GatedResidual args = arguments(x, y, gate, row_of_token, result);
  Chunks{x.size(0), x.size(1), x.size(2)}.run([&](std::int64_t, Span span) { table().gated_residual(args, span); });
  return result;
}

GatedResidualGradients gated_residual_backward(const Tensor& y, const Tensor& gate, const Tensor& row_of_token,
                                               const Tensor& g) {
  const Tensor dy = at::empty_like(y);
  const kernels::GatedResidual args = arguments(g, y, gate, row_of_token, dy);
  const Chunks chunks{y.size(0), y.size(1), y.size(2)};
  const Tensor dgate = run_and_sum(chunks, args.rows * args.width, [&](Span span, float* part) {
    table().gated_residual_backward(args, span, part);
  });
  return {dy, dgate.view({y.size(0), args.rows, args.width})};
}

RopeTable doubled(const RopeTable* rope) {
  if (rope == nullptr) return {};
  const Tensor cos = rope->cos.to(at::kFloat), sin = rope->sin.to(at::kFloat);
  return {at::stack({cos, cos}, -1).flatten(-2), at::stack({sin.neg(), sin}, -1).flatten(-2)};
}

Tensor norm_rope(const Tensor& x, const NormRope& parameters) {
  const std::int64_t heads = parameters.heads;
  const Tensor y = at::empty({x.size(0), heads, x.size(1), x.size(2) / heads}, x.options());
  const kernels::NormRope args = arguments(x, parameters, y);
  Chunks{x.size(0), x.size(1), x.size(2)}.run([&](std::int64_t, Span span) { table().norm_rope(args, span); });
  return y;
}

NormRopeGradients norm_rope_backward(const Tensor& x, const NormRope& parameters, const Tensor& g) {
  const Tensor dx = at::empty(x.sizes(), x.options());
  const std::int64_t width = x.size(2);
  kernels::NormRope args = arguments(x, parameters, dx);
  args.g = g.const_data_ptr();
  // A second row of partial sums per chunk serves as the scratch row.
  const Tensor sums = run_and_sum({x.size(0), x.size(1), x.size(2)}, 2 * width, [&](Span span, float* part) {
    table().norm_rope_backward(args, span, part, part + width);
  });
  const Tensor per_sample = sums.narrow(1, 0, width).contiguous(), dweight = at::empty({width}, at::kFloat);
  table().add_parts(per_sample.const_data_ptr<float>(), x.size(0), width, dweight.mutable_data_ptr<float>());
  return {dx, dweight};
}

Tensor gelu(const Tensor& x) {
  const Tensor y = at::empty_like(x);
  over_elements(x.numel(), [&](std::int64_t first, std::int64_t count) {
    table().gelu(read(x, first), type_of(x), count, written(y, first));
  });
  return y;
}

Tensor gelu_backward(const Tensor& x, const Tensor& g) {
  const Tensor dx = at::empty_like(x);
  over_elements(x.numel(), [&](std::int64_t first, std::int64_t count) {
    table().gelu_backward(read(x, first), read(g, first), type_of(x), count, written(dx, first));
  });
  return dx;
}

}  // namespace phonofilm::nn::fused::launch
