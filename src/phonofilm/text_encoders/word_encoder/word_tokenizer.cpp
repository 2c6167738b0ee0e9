#include "phonofilm/text_encoders/word_encoder/word_tokenizer.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "phonofilm/base/text.h"

namespace phonofilm::text_encoders {
namespace {

std::string number_word(const std::string& word) {
  static constexpr std::array kNumbers{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
  return word.size() == 1 && std::isdigit(static_cast<unsigned char>(word[0])) ? kNumbers[size_t(word[0] - '0')] : word;
}

// Letters, digits, '-' and ''' make words (bytes of other alphabets too); other visible characters stand alone.
std::vector<std::string> split_text(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(number_word(word));
    word.clear();
  };
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '\'' || byte >= 0x80) {
      word += char(byte < 0x80 ? std::tolower(byte) : byte);
    } else {
      finish();
      if (!std::isspace(byte)) words.emplace_back(1, c);
    }
  }
  finish();
  return words;
}

}  // namespace

WordTokenizer::WordTokenizer(std::vector<std::string> words) : words_(std::move(words)) {
  for (size_t i = 0; i < words_.size(); ++i) ids_[words_[i]] = kFirstWord + std::int64_t(i);
}

std::int64_t WordTokenizer::lookup(const std::string& word) const {
  const auto found = ids_.find(word);
  if (found != ids_.end()) return found->second;
  const auto partner = ids_.find(word.ends_with('s') ? word.substr(0, word.size() - 1) : word + "s");
  return partner != ids_.end() ? partner->second : kUnknown;
}

TokenizedText WordTokenizer::encode(std::string_view text, std::int64_t limit) const {
  TokenizedText result;
  for (const std::string& word : split_text(text)) {
    if (std::int64_t(result.ids.size()) == limit) {
      ++result.dropped;
      continue;
    }
    const std::int64_t id = lookup(word);
    const bool punctuation = word.size() == 1 && std::ispunct(static_cast<unsigned char>(word[0]));
    if (id == kUnknown && punctuation) continue;
    result.ids.push_back(id);
    if (id == kUnknown && std::find(result.unknown.begin(), result.unknown.end(), word) == result.unknown.end()) {
      result.unknown.push_back(word);
    }
  }
  return result;
}

std::optional<std::int64_t> WordTokenizer::id_of(std::string_view word) const {
  const TokenizedText found = encode(word, /*limit=*/1);
  if (found.ids.empty() || !found.unknown.empty()) return std::nullopt;
  return found.ids[0];
}

}  // namespace phonofilm::text_encoders
