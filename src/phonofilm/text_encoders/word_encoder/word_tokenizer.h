// Words of a closed vocabulary as numbers: enough for a small model trained on captions with a known grammar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace phonofilm::text_encoders {

struct TokenizedText {
  std::vector<std::int64_t> ids;          // at most the limit given
  std::vector<std::string> unknown;       // words outside the vocabulary, in order, each once
  std::int64_t dropped = 0;               // words beyond the limit
};

class WordTokenizer {
 public:
  static constexpr std::int64_t kPad = 0, kUnknown = 1, kFirstWord = 2;

  explicit WordTokenizer(std::vector<std::string> words);
  // Lower case; punctuation stands alone; "3" is read as "three"; an unknown plural or singular finds its partner. Marks
  // stand in the vocabulary by their bare names ("s" for <S>), and only marks find those.
  TokenizedText encode(std::string_view text, std::int64_t limit) const;
  // Of a text of one word, as encode() finds it; none where the vocabulary lacks it.
  std::optional<std::int64_t> id_of(std::string_view word) const;
  std::int64_t vocabulary_size() const { return kFirstWord + std::int64_t(words_.size()); }
  const std::vector<std::string>& words() const { return words_; }

 private:
  std::int64_t lookup(const std::string& word) const;
  std::vector<std::string> words_;
  std::unordered_map<std::string, std::int64_t> ids_;
};

}  // namespace phonofilm::text_encoders
