// Attention as NAVA's blocks use it: joint self-attention over video and audio tokens with rate-aware RoPE, and
// cross-attention to text without positions.
#pragma once

#include <string>

#include "phonofilm/families/nava/config.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/nn/rope.h"

namespace phonofilm::nava {

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
  Projections(nn::Module& attention, const NavaConfig& config, const std::string& suffix, nn::Init output_init);

  // Self-attention: queries and keys RMS-normed over the whole width, then rotated. x: [B, L, D].
  Heads heads(const Tensor& x, const nn::RopeTable& rope, const nn::RunContext& run) const;
  // Joins heads [B, N, L, K] and projects: [B, L, D].
  Tensor output(const Tensor& attended, const nn::RunContext& run) const;

  // Cross-attention. context: [B, text_len, D]; x: [B, L, D] -> [B, L, D].
  TextKeys text_keys(const Tensor& context, const nn::RunContext& run) const;
  Tensor attend_text(const Tensor& x, const TextKeys& text, const nn::RunContext& run) const;

 private:
  std::int64_t heads_;
  nn::Linear q_, k_, v_, o_;
  nn::RmsNorm norm_q_, norm_k_;
};

// Full bidirectional attention over all tokens of `all`: [B, N, L, K].
Tensor attend(const Heads& all, const nn::RunContext& run);
// Attention within the first `first_tokens` tokens and within the rest, but not between them.
Tensor attend_apart(const Heads& all, std::int64_t first_tokens, const nn::RunContext& run);

}  // namespace phonofilm::nava
