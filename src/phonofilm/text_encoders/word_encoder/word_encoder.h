// A small text encoder that is trained along with the model it serves: word and position embeddings, then pre-norm
// transformer layers over the words of a caption. A row is what the word is, plus what the sentence makes of it. Without
// the first half the layers soon say nothing but what matters most to the loss (here: the material, which the sound
// depends on), and words that matter less (the color) become indistinguishable for good.
#pragma once

#include <memory>

#include "phonofilm/base/fields.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/text_encoders/word_encoder/word_tokenizer.h"

namespace phonofilm::text_encoders {

struct WordEncoderConfig {
  std::vector<std::string> words;  // the vocabulary
  std::int64_t width = 192, heads = 4, layers = 2;
  std::int64_t max_tokens = 40;
  Fields fields();
};

class WordEncoderLayer : public nn::Module {
 public:
  WordEncoderLayer(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t heads);
  // x: [B, L, D]; padding: [B, L], true behind the last word
  Tensor forward(const Tensor& x, const Tensor& padding, const nn::RunContext& run) const;

 private:
  std::int64_t heads_;
  nn::LayerNorm norm1_;
  nn::Linear q_, k_, v_, o_;
  nn::LayerNorm norm2_;
  nn::Linear fc1_, fc2_;
};

class WordEncoder : public nn::Module {
 public:
  explicit WordEncoder(const WordEncoderConfig& config);
  const WordEncoderConfig& config() const { return config_; }
  const WordTokenizer& tokenizer() const { return tokenizer_; }

  // Ids of several texts as int64 [B, max_tokens], padded with WordTokenizer::kPad.
  Tensor tokenize(const std::vector<std::string>& texts) const;
  // tokens: int64 [B, max_tokens] -> rows [B, max_tokens, width], float32, zero behind the last word of each text.
  Tensor forward(const Tensor& tokens, const nn::RunContext& run) const;

 private:
  WordEncoderConfig config_;
  WordTokenizer tokenizer_;
  nn::Embedding word_embedding_;
  Tensor& position_embedding_;
  std::vector<std::unique_ptr<WordEncoderLayer>> layers_;
  nn::LayerNorm word_norm_, norm_;
};

}  // namespace phonofilm::text_encoders
