// Attention of Wan's transformers and of the joint models that grew from them: self-attention with RoPE, and
// cross-attention to text without positions.
#pragma once

#include <string>

#include "phonofilm/nn/layers.h"
#include "phonofilm/nn/rope.h"

namespace phonofilm::dit {

struct AttentionOptions {
  std::int64_t width = 0, heads = 1;
  double eps = 1e-6;  // of the norms of queries and keys
};

struct Heads {
  Tensor q, k, v;  // [B, N, L, K] in run.dtype
};

// Text keys and values of one stream of one block; they depend on the context alone, so a clip computes them once.
struct TextKeys {
  Tensor k, v;  // [B, N, text_len, K]
};

// The six layers of one attention for one stream of tokens: q, k, v, o, norm_q, norm_k, each with `suffix` behind its
// name ("" or "_audio"). Registers with `attention`, the module "self_attn" or "cross_attn" of a block.
class Projections {
 public:
  Projections(nn::Module& attention, const AttentionOptions& options, const std::string& suffix = "",
              nn::Init output_init = nn::init::xavier_uniform());

  // Self-attention: queries and keys RMS-normed over the whole width, then rotated. x: [B, L, D].
  Heads heads(const Tensor& x, const nn::RopeTable& rope, const nn::RunContext& run) const;
  // Joins heads [B, N, L, K] and projects: [B, L, D].
  Tensor output(const Tensor& attended, const nn::RunContext& run) const;

  // Cross-attention. context: [B, text_len, D]; x: [B, L, D] -> [B, L, D].
  TextKeys text_keys(const Tensor& context, const nn::RunContext& run) const;
  Tensor attend_text(const Tensor& x, const TextKeys& text, const nn::RunContext& run) const;

  // Its steps, where a model attends to more than text. Wq x, before its norm: [B, L, D]; normed, and rotated unless
  // rope is nullptr, in heads: [B, N, L, K].
  Tensor project_queries(const Tensor& x, const nn::RunContext& run) const { return q_.forward(x, run); }
  Tensor query_heads(const Tensor& projected, const nn::RopeTable* rope) const;

 private:
  std::int64_t heads_;
  nn::Linear q_, k_, v_, o_;
  nn::RmsNorm norm_q_, norm_k_;
};

// Full bidirectional attention over all tokens of `all`: [B, N, L, K].
Tensor attend(const Heads& all, const nn::RunContext& run);
// Attention within the first `first_tokens` tokens and within the rest, but not between them.
Tensor attend_apart(const Heads& all, std::int64_t first_tokens, const nn::RunContext& run);

}  // namespace phonofilm::dit
