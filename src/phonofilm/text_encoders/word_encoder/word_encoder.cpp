#include "phonofilm/text_encoders/word_encoder/word_encoder.h"

#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/base/prompt_marks.h"
#include "phonofilm/base/text.h"
#include "phonofilm/nn/activation.h"
#include "phonofilm/nn/rope.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::text_encoders {

Fields WordEncoderConfig::fields() {
  return {{"words", &words, "vocabulary"},
          {"width", &width, "of the rows", 8.0, 8192.0},
          {"heads", &heads, "of attention", 1.0, 128.0},
          {"layers", &layers, "of the transformer", 0.0, 64.0},
          {"neighbours", &neighbours, "words on either side that a row is told of directly; 0: none", 0.0, 64.0},
          {"line_places", &line_places, "words of a spoken line told apart by their place; 0: none", 0.0, 64.0},
          {"max_tokens", &max_tokens, "words per text", 1.0, 4096.0}};
}

WordEncoderLayer::WordEncoderLayer(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t heads)
    : Module(parent, name),
      heads_(heads),
      norm1_(*this, "norm1", width),
      q_(*this, "q", width, width),
      k_(*this, "k", width, width),
      v_(*this, "v", width, width),
      o_(*this, "o", width, width),
      norm2_(*this, "norm2", width),
      fc1_(*this, "fc1", width, 4 * width),
      fc2_(*this, "fc2", 4 * width, width) {}

Tensor WordEncoderLayer::forward(const Tensor& x, const Tensor& padding, const nn::RunContext& run) const {
  const Tensor h = norm1_.forward(x);
  const Tensor q = nn::split_heads(q_.forward(h, run), heads_), k = nn::split_heads(k_.forward(h, run), heads_);
  const Tensor v = nn::split_heads(v_.forward(h, run), heads_);
  // A caption is a few words long: plain attention with a mask in float32 costs nothing here.
  const Tensor scores = at::matmul(q, k.transpose(-2, -1)).to(at::kFloat) / std::sqrt(double(q.size(-1)));
  const Tensor masked = scores.masked_fill(padding.unsqueeze(1).unsqueeze(1), -1e9);
  const Tensor mixed = nn::join_heads(at::matmul(at::softmax(masked, -1).to(v.scalar_type()), v));
  const Tensor y = x + o_.forward(mixed, run).to(x.scalar_type());
  return y + fc2_.forward(nn::gelu_tanh(fc1_.forward(norm2_.forward(y), run)), run).to(x.scalar_type());
}

NeighbourMix::NeighbourMix(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t reach)
    : Module(parent, name),
      conv_(*this, "conv", width, width, {.kernel = 2 * reach + 1, .padding = reach, .groups = width, .bias = nn::Bias::no}),
      norm_(*this, "norm", width) {}

Tensor NeighbourMix::forward(const Tensor& words, const nn::RunContext& run) const {
  return norm_.forward(conv_.forward(words.transpose(1, 2), run).transpose(1, 2).to(at::kFloat));
}

namespace {

constexpr std::int64_t kLinesToldApart = 4;

std::int64_t id_of(const WordTokenizer& tokenizer, std::string_view mark) {
  const std::optional<std::int64_t> id = tokenizer.id_of(mark);
  PF_CHECK(id, InvalidRequest, "word_encoder", "'line_places' is set, but the vocabulary has no ", mark,
           ": nothing is said in these texts, set it to 0");
  return *id;
}

}  // namespace

LinePlaces::LinePlaces(nn::Module& parent, const std::string& name, std::int64_t places, std::int64_t width,
                       const WordTokenizer& tokenizer)
    : Module(parent, name),
      places_(places),
      open_(id_of(tokenizer, kSpeechMarks.open)),
      close_(id_of(tokenizer, kSpeechMarks.close)),
      embedding_(*this, "embedding", 1 + kLinesToldApart * places, width, /*std=*/0.5) {}

Tensor LinePlaces::places_of(const Tensor& tokens) const {
  const Tensor opens = tokens.eq(open_), closes = tokens.eq(close_);
  const Tensor index = at::arange(tokens.size(1), tokens.options()).expand_as(tokens);
  const Tensor begun = std::get<0>(at::where(opens, index, -1).cummax(1));  // -1 before the first line
  const Tensor ended = closes.cumsum(1) - closes.to(at::kLong);                  // the closing mark is of its line
  const Tensor line = opens.cumsum(1) - 1, inside = line.ge(ended) & begun.ge(0);
  const Tensor place = (index - begun).clamp_max(places_ - 1);
  return at::where(inside, 1 + line.clamp_max(kLinesToldApart - 1) * places_ + place, 0);
}

Tensor LinePlaces::forward(const Tensor& tokens) const { return embedding_.forward(places_of(tokens)).to(at::kFloat); }

WordEncoder::WordEncoder(const WordEncoderConfig& config)
    : config_(config),
      tokenizer_(config.words),
      // As large as what the layers add to it: from the usual 0.02 all rows of a caption start out nearly equal, and the
      // model that reads them learns to ignore the text.
      word_embedding_(*this, "word_embedding", tokenizer_.vocabulary_size(), config.width, /*std=*/0.5),
      position_embedding_(parameter("position_embedding", {config.max_tokens, config.width}, nn::init::normal(0.02))),
      word_norm_(*this, "word_norm", config.width),
      norm_(*this, "norm", config.width) {
  if (config.neighbours > 0) neighbours_ = std::make_unique<NeighbourMix>(*this, "neighbours", config.width, config.neighbours);
  if (config.line_places > 0) {
    line_places_ = std::make_unique<LinePlaces>(*this, "line_places", config.line_places, config.width, tokenizer_);
  }
  for (std::int64_t i = 0; i < config.layers; ++i) {
    layers_.push_back(std::make_unique<WordEncoderLayer>(*this, phonofilm::concat("layers.", i), config.width, config.heads));
  }
}

Tensor WordEncoder::tokenize(const std::vector<std::string>& texts) const {
  Tensor tokens = at::zeros({std::int64_t(texts.size()), config_.max_tokens}, at::kLong);
  for (size_t row = 0; row < texts.size(); ++row) {
    const auto ids = tokenizer_.encode(texts[row], config_.max_tokens).ids;
    for (size_t i = 0; i < ids.size(); ++i) tokens[std::int64_t(row)][std::int64_t(i)] = ids[i];
  }
  return tokens;
}

Tensor WordEncoder::forward(const Tensor& tokens, const nn::RunContext& run) const {
  expect_shape(tokens, {kAny, config_.max_tokens}, "word_encoder: tokens");
  const Tensor padding = tokens.eq(WordTokenizer::kPad);
  const Tensor words = word_embedding_.forward(tokens).to(at::kFloat) + position_embedding_.to(at::kFloat);  // [B, L, D]
  Tensor x = words;
  for (const auto& layer : layers_) x = layer->forward(x, padding, run);
  Tensor rows = word_norm_.forward(words) + norm_.forward(x);
  if (neighbours_) rows = rows + neighbours_->forward(words.masked_fill(padding.unsqueeze(-1), 0), run);
  if (line_places_) rows = rows + line_places_->forward(tokens);
  return rows.masked_fill(padding.unsqueeze(-1), 0);
}

}  // namespace phonofilm::text_encoders
