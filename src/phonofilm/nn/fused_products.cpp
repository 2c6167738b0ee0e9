// Compiled with OpenMP and without the precompiled header, as fused_rows.cpp.
#include <ATen/Parallel.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>

#include <cmath>

#include "phonofilm/nn/fused_launch.h"
#include "phonofilm/nn/kernels/attention.h"
#include "phonofilm/nn/kernels/rows.h"

namespace phonofilm::nn::fused::launch {
namespace {

const std::uint16_t* read(const Tensor& t) { return static_cast<const std::uint16_t*>(t.const_data_ptr()); }
std::uint16_t* written(const Tensor& t) { return static_cast<std::uint16_t*>(t.mutable_data_ptr()); }

float scale_of(const Tensor& q) { return 1 / std::sqrt(float(q.size(-1))); }

kernels::HeadRows rows_of(const Tensor& t, std::int64_t b, std::int64_t n) {
  return {read(t) + b * t.stride(0) + n * t.stride(1), t.stride(2)};
}
kernels::MutableHeadRows written_rows(const Tensor& t, std::int64_t b, std::int64_t n) {
  return {written(t) + b * t.stride(0) + n * t.stride(1), t.stride(2)};
}

// [B, N, L, K] laid out as [B, L, N, K], so that joining the heads moves nothing.
Tensor joined_layout(const Tensor& like) {
  return at::empty({like.size(0), like.size(2), like.size(1), like.size(3)}, like.options()).transpose(1, 2);
}

kernels::AttentionHead head_of(const AttentionInputs& in, const Tensor& normalisers, std::int64_t b, std::int64_t n) {
  float* offset = normalisers.mutable_data_ptr<float>() + (b * in.q.size(1) + n) * in.q.size(2);
  return {.queries = in.q.size(2), .keys = in.k.size(2), .width = in.q.size(3), .scale = scale_of(in.q),
          .q = rows_of(in.q, b, n), .k = rows_of(in.k, b, n), .v = rows_of(in.v, b, n),
          .offset = offset, .inverse = offset + normalisers.stride(0)};
}

// Runs f(b, n, workspace) for all heads.
template <class F>
void over_heads(const AttentionInputs& in, F f) {
  const std::int64_t heads = in.q.size(1);
  const auto bytes = std::int64_t(kernels::attention_workspace(in.q.size(2), in.k.size(2), in.q.size(3)));
  at::parallel_for(0, in.q.size(0) * heads, /*grain_size=*/1, [&](std::int64_t first, std::int64_t last) {
    const Tensor workspace = at::empty({bytes}, at::kByte);
    for (std::int64_t i = first; i < last; ++i) f(i / heads, i % heads, workspace.mutable_data_ptr());
  });
}

// Runs f(first, count) over rows.
template <class F>
void over_rows(std::int64_t rows, F f) {
  at::parallel_for(0, rows, /*grain_size=*/64, [&](std::int64_t first, std::int64_t last) { f(first, last - first); });
}

}  // namespace

Tensor normalisers_of(const Tensor& q) { return at::empty({2, q.size(0), q.size(1), q.size(2)}, at::kFloat); }

Tensor tiled_attention(const AttentionInputs& in, const Tensor& normalisers) {
  const Tensor out = joined_layout(in.q);
  over_heads(in, [&](std::int64_t b, std::int64_t n, void* workspace) {
    kernels::attention_forward(head_of(in, normalisers, b, n), written_rows(out, b, n), workspace);
  });
  return out;
}

AttentionGradients tiled_attention_backward(const AttentionInputs& in, const Tensor& normalisers, const Tensor& out,
                                            const Tensor& g) {
  const Tensor dq = at::empty(in.q.sizes(), in.q.options()), dk = at::empty(in.k.sizes(), in.k.options());
  const Tensor dv = joined_layout(in.v);
  over_heads(in, [&](std::int64_t b, std::int64_t n, void* workspace) {
    kernels::attention_backward(head_of(in, normalisers, b, n), rows_of(out, b, n), rows_of(g, b, n),
                                written_rows(dq, b, n), written_rows(dk, b, n), written_rows(dv, b, n), workspace);
  });
  return {dq, dk, dv};
}

Tensor probabilities(const Tensor& q, const Tensor& k) {
  const Tensor scores = at::bmm(q, k.transpose(1, 2));
  const std::int64_t keys = scores.size(2);
  over_rows(scores.numel() / keys, [&](std::int64_t first, std::int64_t count) {
    kernels::table().softmax(written(scores) + first * keys, count, keys, scale_of(q));
  });
  return scores;
}

AttentionGradients product_attention_backward(const AttentionInputs& in, const Tensor& p, const Tensor& g) {
  const Tensor ds = at::bmm(g, in.v.transpose(1, 2));
  const std::int64_t keys = ds.size(2);
  over_rows(ds.numel() / keys, [&](std::int64_t first, std::int64_t count) {
    kernels::table().softmax_backward(read(p) + first * keys, written(ds) + first * keys, count, keys, scale_of(in.q));
  });
  return {at::bmm(ds, in.k), at::bmm(ds.transpose(1, 2), in.q), at::bmm(p.transpose(1, 2), g)};
}

}  // namespace phonofilm::nn::fused::launch
