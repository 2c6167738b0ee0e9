// A small text encoder that is trained along with the model it serves: word and position embeddings, then pre-norm
// transformer layers over the words of a caption. A row is the sum of
// - what the word is: without it the layers soon say nothing but what matters most to the loss (here: the material, which
//   the sound depends on), and words that matter less (the color) become indistinguishable for good;
// - what its neighbours are, by a convolution: what belongs together stands together ("a red glass ball and a blue metal
//   ball"), and attention between words did not learn to bind a material to its color by itself;
// - of which spoken line it is a word, and which one: what is said is said in this order;
// - what the sentence makes of it.
#pragma once

#include <memory>

#include "phonofilm/base/fields.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/text_encoders/word_encoder/word_tokenizer.h"

namespace phonofilm::text_encoders {

struct WordEncoderConfig {
  std::vector<std::string> words;  // the vocabulary
  std::int64_t width = 192, heads = 4, layers = 2;
  std::int64_t neighbours = 0;   // words on either side that a row is told of directly
  std::int64_t line_places = 0;  // words of a spoken line that are told apart by their place in it, its mark included
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

// "neighbours": a filter over places per channel, then a norm.
class NeighbourMix : public nn::Module {
 public:
  NeighbourMix(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t reach);
  Tensor forward(const Tensor& words, const nn::RunContext& run) const;  // [B, L, D], zero where there is no word

 private:
  nn::Conv1d conv_;
  nn::LayerNorm norm_;
};

// "line_places": an embedding of where a word stands in which spoken line; lines beyond the fourth share its rows.
class LinePlaces : public nn::Module {
 public:
  LinePlaces(nn::Module& parent, const std::string& name, std::int64_t places, std::int64_t width,
             const WordTokenizer& tokenizer);
  // tokens: int64 [B, L] -> int64 [B, L]: 0 outside lines, else 1 + line * places + place, counted from its mark <S>.
  Tensor places_of(const Tensor& tokens) const;
  Tensor forward(const Tensor& tokens) const;  // [B, L, D] float32

 private:
  std::int64_t places_, open_, close_;
  nn::Embedding embedding_;
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
  std::unique_ptr<NeighbourMix> neighbours_;  // null where the reach is 0
  std::unique_ptr<LinePlaces> line_places_;   // null where there are none
  nn::LayerNorm word_norm_, norm_;
};

}  // namespace phonofilm::text_encoders
