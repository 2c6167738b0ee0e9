// The encoder of UMT5 (Chung et al. 2023; T5: Raffel et al. 2020), which turns token ids into the context that video
// models read. Pre-norm transformer layers without biases; positions enter only as a bias on the attention scores, from
// a table in every layer; the scores are not divided by sqrt(K).
//
//   Umt5Encoder encoder(config);
//   encoder.load(file.tensors(), file.path(), /*prefix=*/"", at::kBFloat16);     // shares the mapped file's memory
//   const Tensor rows = encoder.forward(pad_tokens({ids}), {.dtype = at::kBFloat16});
//
// Registered names are those of models_t5_umt5-xxl-enc-bf16.pth.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "phonofilm/nn/block_runner.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/text_encoders/umt5/config.h"

namespace phonofilm::text_encoders {

// Token ids of several texts, padded behind each to a common length.
struct TokenBatch {
  Tensor ids;                         // int64 [B, L]
  std::vector<std::int64_t> lengths;  // real tokens of each text (EOS included), 1 to L
};

// Pads with `pad` to the longest text. Throws InvalidRequest for no text or an empty one: even "" is an EOS token.
TokenBatch pad_tokens(const std::vector<std::vector<std::int64_t>>& texts, std::int64_t pad = 0);

// The bucket of every (query, key) pair of a text of `length` tokens: int64 [L, L]. With n = num_buckets / 2 and
// a = |key - query|: a below n / 2, beyond that logarithmic up to max_distance, and n more where the key lies ahead.
Tensor relative_position_buckets(std::int64_t length, const Umt5Config& config);

// Looks up one number per head and (query, key) pair.
class RelativePositionBias : public nn::Module {
 public:
  RelativePositionBias(nn::Module& parent, const std::string& name, const Umt5Config& config);
  Tensor forward(const Tensor& buckets) const;  // [L, L] -> float32 [N, L, L]

 private:
  nn::Embedding embedding_;
};

class Umt5Attention : public nn::Module {
 public:
  Umt5Attention(nn::Module& parent, const std::string& name, const Umt5Config& config);
  // x: [B, L, D]; bias: float32 [N, L, L]; padding: bool [B, L], true for keys that nobody may see, or undefined
  Tensor forward(const Tensor& x, const Tensor& bias, const Tensor& padding, const nn::RunContext& run) const;

 private:
  std::int64_t heads_;
  nn::Linear q_, k_, v_, o_;
};

// fc2(fc1(x) * gelu(gate(x)))
class Umt5FeedForward : public nn::Module {
 public:
  Umt5FeedForward(nn::Module& parent, const std::string& name, const Umt5Config& config);
  Tensor forward(const Tensor& x, const nn::RunContext& run) const;

 private:
  nn::Linear gate_, fc1_, fc2_;
};

class Umt5Layer : public nn::Module {
 public:
  Umt5Layer(nn::Module& parent, const std::string& name, const Umt5Config& config);
  // x: float32 [B, L, D]; buckets: [L, L]; padding as above
  Tensor forward(const Tensor& x, const Tensor& buckets, const Tensor& padding, const nn::RunContext& run) const;

 private:
  nn::RmsNorm norm1_;
  Umt5Attention attention_;
  nn::RmsNorm norm2_;
  Umt5FeedForward feed_forward_;
  RelativePositionBias position_;
};

// Thread-safe after loading. Gradients flow to all parameters.
class Umt5Encoder : public nn::Module {
 public:
  explicit Umt5Encoder(const Umt5Config& config = {});
  const Umt5Config& config() const { return config_; }

  // tokens -> rows [B, L', dim], float32, where L' is the length of the longest text: columns of `ids` beyond it are
  // never computed, which changes nothing because no real token attends to padding. Rows behind a shorter text are zero,
  // so that further zero-padding gives what the video models read.
  // Throws ShapeError where ids and lengths disagree, CheckpointError for an id beyond the vocabulary.
  Tensor forward(const TokenBatch& tokens, const nn::RunContext& run,
                 const nn::BlockRunner& runner = nn::PlainRunner()) const;

 private:
  void check(const TokenBatch& tokens) const;

  Umt5Config config_;
  nn::Embedding token_embedding_;
  std::vector<std::unique_ptr<Umt5Layer>> blocks_;
  nn::RmsNorm norm_;
};

}  // namespace phonofilm::text_encoders
