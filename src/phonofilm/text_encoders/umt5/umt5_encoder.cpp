#include "phonofilm/text_encoders/umt5/umt5_encoder.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phonofilm/base/error.h"
#include "phonofilm/nn/activation.h"
#include "phonofilm/nn/rope.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::text_encoders {
namespace {

// T5's initialisation (Raffel et al. 2020): queries carry the 1 / sqrt(K) that the scores lack.
nn::Init normal_by_fan_in(std::int64_t fan_in) { return nn::init::normal(1 / std::sqrt(double(fan_in))); }

std::int64_t bucket_of_distance(std::int64_t distance, const Umt5Config& config) {
  const std::int64_t buckets = config.num_buckets / 2, exact = buckets / 2;
  if (distance < exact) return distance;
  const double position = std::log(double(distance) / double(exact)) / std::log(double(config.max_distance) / double(exact));
  return std::min(exact + std::int64_t(position * double(buckets - exact)), buckets - 1);  // truncated, not rounded
}

// bool [B, L], true behind the end of each text; undefined where all texts are equally long.
Tensor padding_of(const std::vector<std::int64_t>& lengths, std::int64_t longest, at::Device device) {
  if (*std::min_element(lengths.begin(), lengths.end()) == longest) return {};
  return at::arange(longest, at::kLong).unsqueeze(0).ge(at::tensor(lengths, at::kLong).unsqueeze(1)).to(device);
}

}  // namespace

TokenBatch pad_tokens(const std::vector<std::vector<std::int64_t>>& texts, std::int64_t pad) {
  PF_CHECK(!texts.empty(), InvalidRequest, "umt5", "no text to encode");
  TokenBatch batch;
  for (const auto& ids : texts) {
    PF_CHECK(!ids.empty(), InvalidRequest, "umt5", "a text without tokens: even an empty prompt ends with an EOS token");
    batch.lengths.push_back(std::int64_t(ids.size()));
  }
  const std::int64_t longest = *std::max_element(batch.lengths.begin(), batch.lengths.end());
  std::vector<std::int64_t> flat;
  for (const auto& ids : texts) {
    flat.insert(flat.end(), ids.begin(), ids.end());
    flat.resize(flat.size() + size_t(longest) - ids.size(), pad);
  }
  batch.ids = at::tensor(flat, at::kLong).view({std::int64_t(texts.size()), longest});
  return batch;
}

Tensor relative_position_buckets(std::int64_t length, const Umt5Config& config) {
  std::vector<std::int64_t> bucket_of_offset;  // index: key - query + length - 1
  for (std::int64_t offset = 1 - length; offset < length; ++offset) {
    bucket_of_offset.push_back(bucket_of_distance(std::abs(offset), config) + (offset > 0 ? config.num_buckets / 2 : 0));
  }
  const Tensor position = at::arange(length, at::kLong);
  const Tensor offset = position.unsqueeze(0) - position.unsqueeze(1);  // key - query
  return at::tensor(bucket_of_offset, at::kLong).index_select(0, (offset + (length - 1)).flatten()).view({length, length});
}

RelativePositionBias::RelativePositionBias(nn::Module& parent, const std::string& name, const Umt5Config& config)
    : Module(parent, name),
      embedding_(*this, "embedding", config.num_buckets, config.num_heads, 1 / std::sqrt(double(config.dim))) {}

Tensor RelativePositionBias::forward(const Tensor& buckets) const {
  return embedding_.forward(buckets).permute({2, 0, 1}).to(at::kFloat).contiguous();
}

Umt5Attention::Umt5Attention(nn::Module& parent, const std::string& name, const Umt5Config& config)
    : Module(parent, name),
      heads_(config.num_heads),
      q_(*this, "q", config.dim, config.dim_attn, nn::Bias::no,
         normal_by_fan_in(config.dim * (config.dim_attn / config.num_heads))),
      k_(*this, "k", config.dim, config.dim_attn, nn::Bias::no, normal_by_fan_in(config.dim)),
      v_(*this, "v", config.dim, config.dim_attn, nn::Bias::no, normal_by_fan_in(config.dim)),
      o_(*this, "o", config.dim_attn, config.dim, nn::Bias::no, normal_by_fan_in(config.dim_attn)) {}

Tensor Umt5Attention::forward(const Tensor& x, const Tensor& bias, const Tensor& padding, const nn::RunContext& run) const {
  const Tensor q = nn::split_heads(q_.forward(x, run), heads_);  // [B, N, L, K]
  const Tensor k = nn::split_heads(k_.forward(x, run), heads_), v = nn::split_heads(v_.forward(x, run), heads_);
  // Scores of up to several tens meet biases of either sign: their sum and the exponentials are taken in float32.
  Tensor scores = at::matmul(q, k.transpose(-2, -1)).to(at::kFloat) + bias;  // [B, N, L, L]
  if (padding.defined()) {
    scores = scores.masked_fill(padding.unsqueeze(1).unsqueeze(1), -std::numeric_limits<double>::infinity());
  }
  const Tensor weights = at::softmax(scores, -1).to(v.scalar_type());
  return o_.forward(nn::join_heads(at::matmul(weights, v)), run);
}

Umt5FeedForward::Umt5FeedForward(nn::Module& parent, const std::string& name, const Umt5Config& config)
    : Module(parent, name),
      gate_(*this, "gate.0", config.dim, config.dim_ffn, nn::Bias::no, normal_by_fan_in(config.dim)),
      fc1_(*this, "fc1", config.dim, config.dim_ffn, nn::Bias::no, normal_by_fan_in(config.dim)),
      fc2_(*this, "fc2", config.dim_ffn, config.dim, nn::Bias::no, normal_by_fan_in(config.dim_ffn)) {}

Tensor Umt5FeedForward::forward(const Tensor& x, const nn::RunContext& run) const {
  return fc2_.forward(fc1_.forward(x, run) * nn::gelu_tanh(gate_.forward(x, run)), run);
}

Umt5Layer::Umt5Layer(nn::Module& parent, const std::string& name, const Umt5Config& config)
    : Module(parent, name),
      norm1_(*this, "norm1", config.dim, config.eps),
      attention_(*this, "attn", config),
      norm2_(*this, "norm2", config.dim, config.eps),
      feed_forward_(*this, "ffn", config),
      position_(*this, "pos_embedding", config) {}

Tensor Umt5Layer::forward(const Tensor& x, const Tensor& buckets, const Tensor& padding, const nn::RunContext& run) const {
  // Computed for every call and shared by its texts: kept for later calls, the biases of one length of 512 would take
  // 1.6 GB over the 24 published layers, and prompts rarely have the same length twice.
  const Tensor bias = position_.forward(buckets);
  const Tensor y = x + attention_.forward(norm1_.forward(x), bias, padding, run).to(x.scalar_type());
  return y + feed_forward_.forward(norm2_.forward(y), run).to(y.scalar_type());
}

Umt5Encoder::Umt5Encoder(const Umt5Config& config)
    : config_(config),
      token_embedding_(*this, "token_embedding", config.vocab, config.dim, /*std=*/1),
      norm_(*this, "norm", config.dim, config.eps) {
  config.validate("umt5");
  for (std::int64_t i = 0; i < config.num_layers; ++i) {
    blocks_.push_back(std::make_unique<Umt5Layer>(*this, phonofilm::concat("blocks.", i), config));
  }
}

void Umt5Encoder::check(const TokenBatch& tokens) const {
  const std::int64_t texts = std::int64_t(tokens.lengths.size());
  PF_CHECK(texts > 0, ShapeError, "umt5", "no text to encode");
  expect_shape(tokens.ids, {texts, kAny}, "umt5: ids");
  for (const std::int64_t length : tokens.lengths) {
    PF_CHECK(length >= 1 && length <= tokens.ids.size(1), ShapeError, "umt5", "a text of ", length, " tokens in ids of ",
             shape_text(tokens.ids.sizes()));
  }
  const auto lowest = tokens.ids.min().item<std::int64_t>(), highest = tokens.ids.max().item<std::int64_t>();
  PF_CHECK(lowest >= 0 && highest < config_.vocab, CheckpointError, "umt5", "token id ", lowest < 0 ? lowest : highest,
           " lies outside the vocabulary of ", config_.vocab, ": the tokenizer does not belong to these weights");
}

Tensor Umt5Encoder::forward(const TokenBatch& tokens, const nn::RunContext& run, const nn::BlockRunner& runner) const {
  check(tokens);
  const std::int64_t longest = *std::max_element(tokens.lengths.begin(), tokens.lengths.end());
  const Tensor ids = tokens.ids.narrow(1, 0, longest);
  const Tensor buckets = relative_position_buckets(longest, config_).to(ids.device());
  const Tensor padding = padding_of(tokens.lengths, longest, ids.device());
  // The residual stream is kept in float32: many small terms are added to rows that grow large (docs/numerics.md). Rows
  // are gathered before the cast, so that of a mapped table only they are read.
  nn::BlockState state{token_embedding_.forward(ids).to(at::kFloat)};  // [B, L', D]
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const auto block = [&layer = *blocks_[i], buckets, padding, run](const nn::BlockState& x) {
      return nn::BlockState{layer.forward(x[0], buckets, padding, run)};
    };
    state = runner.run(std::int64_t(i), block, state);
  }
  const Tensor rows = norm_.forward(state[0]);
  return padding.defined() ? rows.masked_fill(padding.unsqueeze(-1), 0) : rows;
}

}  // namespace phonofilm::text_encoders
