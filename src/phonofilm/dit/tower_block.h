// A block of one of two twin towers (Ovi, arXiv 2510.01284). Beside what every block of Wan's line does (modulated
// self-attention, cross-attention to text, feed-forward), its cross-attention also listens to the other tower: with the
// text's queries and output projection, but keys, values and norms of its own, and with RoPE on the shared clock of the
// two towers.
#pragma once

#include "phonofilm/dit/attention.h"
#include "phonofilm/dit/block_parts.h"
#include "phonofilm/dit/token_layout.h"

namespace phonofilm::dit {

// The tokens of the other tower, as they are after its self-attention in the same block.
struct OtherTower {
  Tensor tokens;               // [B, L', D]; undefined: the other modality is absent
  const nn::RopeTable* rope = nullptr;
};

// "cross_attn".
class CrossAttention : public nn::Module {
 public:
  CrossAttention(nn::Module& parent, const std::string& name, const AttentionOptions& options, nn::Init output_init);
  TextKeys text_keys(const Tensor& context, const nn::RunContext& run) const { return text_.text_keys(context, run); }
  // x: [B, L, D], already normed; rope: of x's tokens -> [B, L, D]
  Tensor forward(const Tensor& x, const nn::RopeTable& rope, const TextKeys& text, const OtherTower& other,
                 const nn::RunContext& run) const;

 private:
  std::int64_t heads_;
  Projections text_;
  nn::LayerNorm pre_attn_norm_fusion_;
  nn::Linear k_fusion_, v_fusion_;
  nn::RmsNorm norm_k_fusion_;
};

struct TowerBlockOptions {
  AttentionOptions attention;
  std::int64_t ffn_dim = 0;
  nn::Init cross_output_init = nn::init::xavier_uniform();  // of what joins text and the other tower to the stream
};

// A block of a tower. It runs in two halves, because the towers hear each other between them.
class TowerBlock : public nn::Module {
 public:
  TowerBlock(nn::Module& parent, const std::string& name, const TowerBlockOptions& options);
  TextKeys text_keys(const Tensor& context, const nn::RunContext& run) const { return cross_attn_.text_keys(context, run); }
  // The six modulation vectors. e0: [B, R, 6, D]
  std::vector<Tensor> modulation(const Tensor& e0) const { return modulation_.forward(e0); }
  // x + gate * self-attention. x: [B, L, D] float32
  Tensor attend_self(const Tensor& x, const std::vector<Tensor>& modulation, const TokenStream& tokens,
                     const nn::RunContext& run) const;
  // Cross-attention (neither modulated nor gated), then x + gate * feed-forward.
  Tensor finish(const Tensor& x, const std::vector<Tensor>& modulation, const TokenStream& tokens, const TextKeys& text,
                const OtherTower& other, const nn::RunContext& run) const;

 private:
  nn::Module self_attn_{*this, "self_attn"};
  Projections self_;
  nn::LayerNorm norm3_;
  CrossAttention cross_attn_;
  FeedForward ffn_;
  ModulationTable modulation_;
};

}  // namespace phonofilm::dit
