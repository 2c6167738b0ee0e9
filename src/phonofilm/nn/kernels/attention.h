// Attention of one head on the matrix unit (AMX) of Intel processors, free of LibTorch: products of bfloat16 summed in
// float32, softmax in float32. The scores never reach memory as a whole; the backward pass computes them again from
// q and k (as FlashAttention does, Dao et al. 2022), in the cache of one core.
#pragma once

#include <cstddef>
#include <cstdint>

namespace phonofilm::nn::kernels {

// Rows of `width` bfloat16 elements, `stride` elements apart.
struct HeadRows {
  const std::uint16_t* data;
  std::int64_t stride;
};
struct MutableHeadRows {
  std::uint16_t* data;
  std::int64_t stride;
};

struct AttentionHead {
  std::int64_t queries, keys, width;
  float scale;
  HeadRows q, k, v;
  // Of every query's softmax, for the backward pass: p = exp(scale * q k - offset) * inverse.
  float *offset, *inverse;
};

// Bytes, 64-aligned, that one call needs to work in.
std::size_t attention_workspace(std::int64_t queries, std::int64_t keys, std::int64_t width);

void attention_forward(const AttentionHead& head, MutableHeadRows out, void* workspace);
// out: what the forward pass returned; g: the gradient of the loss by it.
void attention_backward(const AttentionHead& head, HeadRows out, HeadRows g, MutableHeadRows dq, MutableHeadRows dk,
                        MutableHeadRows dv, void* workspace);

}  // namespace phonofilm::nn::kernels
