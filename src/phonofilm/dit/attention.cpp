#include "phonofilm/dit/attention.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm::dit {

Projections::Projections(nn::Module& attention, const AttentionOptions& o, const std::string& suffix, nn::Init output_init)
    : heads_(o.heads),
      q_(attention, "q" + suffix, o.width, o.width),
      k_(attention, "k" + suffix, o.width, o.width),
      v_(attention, "v" + suffix, o.width, o.width),
      o_(attention, "o" + suffix, o.width, o.width, nn::Bias::yes, std::move(output_init)),
      norm_q_(attention, "norm_q" + suffix, o.width, o.eps),
      norm_k_(attention, "norm_k" + suffix, o.width, o.eps) {}

Heads Projections::heads(const Tensor& x, const nn::RopeTable& rope, const nn::RunContext& run) const {
  return {query_heads(q_.forward(x, run), &rope),
          nn::rms_norm_rope(k_.forward(x, run), norm_k_.weight(), norm_k_.eps(), heads_, &rope),
          nn::split_heads(v_.forward(x, run), heads_)};
}

Tensor Projections::output(const Tensor& attended, const nn::RunContext& run) const {
  return o_.forward(nn::join_heads(attended), run);
}

TextKeys Projections::text_keys(const Tensor& context, const nn::RunContext& run) const {
  return {nn::rms_norm_rope(k_.forward(context, run), norm_k_.weight(), norm_k_.eps(), heads_, nullptr),
          nn::split_heads(v_.forward(context, run), heads_)};
}

Tensor Projections::attend_text(const Tensor& x, const TextKeys& text, const nn::RunContext& run) const {
  return output(nn::attention(query_heads(project_queries(x, run), nullptr), text.k, text.v, run), run);
}

Tensor Projections::query_heads(const Tensor& projected, const nn::RopeTable* rope) const {
  return nn::rms_norm_rope(projected, norm_q_.weight(), norm_q_.eps(), heads_, rope);
}

Tensor attend(const Heads& all, const nn::RunContext& run) { return nn::attention(all.q, all.k, all.v, run); }

Tensor attend_apart(const Heads& all, std::int64_t first_tokens, const nn::RunContext& run) {
  const auto part = [&](std::int64_t start, std::int64_t tokens) {
    const auto cut = [&](const Tensor& x) { return x.narrow(2, start, tokens); };
    return nn::attention(cut(all.q), cut(all.k), cut(all.v), run);
  };
  return at::cat({part(0, first_tokens), part(first_tokens, all.q.size(2) - first_tokens)}, 2);
}

}  // namespace phonofilm::dit
