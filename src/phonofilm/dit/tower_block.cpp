#include "phonofilm/dit/tower_block.h"

#include "phonofilm/nn/modulation.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::dit {

CrossAttention::CrossAttention(nn::Module& parent, const std::string& name, const AttentionOptions& o,
                               nn::Init output_init)
    : Module(parent, name),
      heads_(o.heads),
      text_(*this, o, /*suffix=*/"", output_init),
      pre_attn_norm_fusion_(*this, "pre_attn_norm_fusion", o.width, o.eps),
      k_fusion_(*this, "k_fusion", o.width, o.width),
      v_fusion_(*this, "v_fusion", o.width, o.width),
      norm_k_fusion_(*this, "norm_k_fusion", o.width, o.eps) {}

Tensor CrossAttention::forward(const Tensor& x, const nn::RopeTable& rope, const TextKeys& text, const OtherTower& other,
                               const nn::RunContext& run) const {
  const Tensor projected = text_.project_queries(x, run);
  Tensor attended = nn::attention(text_.query_heads(projected, nullptr), text.k, text.v, run);
  if (other.tokens.defined()) {
    const Tensor heard = pre_attn_norm_fusion_.forward(other.tokens);
    const Tensor k = nn::rms_norm_rope(k_fusion_.forward(heard, run), norm_k_fusion_.weight(), norm_k_fusion_.eps(), heads_,
                                       other.rope);
    const Tensor v = nn::split_heads(v_fusion_.forward(heard, run), heads_);
    attended = attended + nn::attention(text_.query_heads(projected, &rope), k, v, run);
  }
  return text_.output(attended, run);  // one projection of the sum
}

TowerBlock::TowerBlock(nn::Module& parent, const std::string& name, const TowerBlockOptions& o)
    : Module(parent, name),
      self_(self_attn_, o.attention),
      norm3_(*this, "norm3", o.attention.width, o.attention.eps),
      cross_attn_(*this, "cross_attn", o.attention, o.cross_output_init),
      ffn_(*this, "ffn", o.attention.width, o.ffn_dim),
      modulation_(*this, "modulation", o.attention.width) {}

Tensor TowerBlock::attend_self(const Tensor& x, const std::vector<Tensor>& m, const TokenStream& tokens,
                               const nn::RunContext& run) const {
  const Tensor& row = tokens.row_of_token;
  const Tensor normed = nn::modulated_norm(x, m[kShift1], m[kScale1], row, run.dtype);
  const Tensor attended = attend(self_.heads(normed, tokens.rope, run), run);
  return nn::gated_residual(x, self_.output(attended, run), m[kGate1], row);
}

Tensor TowerBlock::finish(const Tensor& before, const std::vector<Tensor>& m, const TokenStream& tokens, const TextKeys& text,
                          const OtherTower& other, const nn::RunContext& run) const {
  const Tensor& row = tokens.row_of_token;
  const Tensor x = before + cross_attn_.forward(norm3_.forward(before), tokens.rope, text, other, run);
  const Tensor y = ffn_.forward(nn::modulated_norm(x, m[kShift2], m[kScale2], row, run.dtype), run);
  return nn::gated_residual(x, y, m[kGate2], row);
}

}  // namespace phonofilm::dit
