#include "phonofilm/text_encoders/word_encoder/word_tokenizer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "phonofilm/base/prompt_marks.h"

namespace phonofilm::text_encoders {
namespace {

std::string number_word(const std::string& word) {
  static constexpr std::array kNumbers{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
  return word.size() == 1 && std::isdigit(static_cast<unsigned char>(word[0])) ? kNumbers[size_t(word[0] - '0')] : word;
}

// Words of the vocabulary that stand for marks, and for nothing else: "s" is the mark <S>, not the letter.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kMarks{
    {{kSpeechMarks.open, "s"}, {kSpeechMarks.close, "e"}, {"<AUDCAP>", "audcap"}, {"<ENDAUDCAP>", "endaudcap"}}};

bool names_mark(std::string_view word) {
  return std::any_of(kMarks.begin(), kMarks.end(), [&](const auto& mark) { return mark.second == word; });
}

struct Piece {
  std::string text;
  bool is_mark = false;
};

// Marks, words and other visible characters one by one. Letters, digits, '-' and ''' make words (bytes of other
// alphabets too).
std::vector<Piece> split_text(std::string_view text) {
  std::vector<Piece> pieces;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) pieces.push_back({number_word(word)});
    word.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::string_view rest = text.substr(i);
    const auto mark = std::find_if(kMarks.begin(), kMarks.end(), [&](const auto& m) { return rest.starts_with(m.first); });
    if (mark != kMarks.end()) {
      finish();
      pieces.push_back({std::string(mark->second), /*is_mark=*/true});
      i += mark->first.size() - 1;
    } else if (std::isalnum(byte) || byte == '-' || byte == '\'' || byte >= 0x80) {
      word += char(byte < 0x80 ? std::tolower(byte) : byte);
    } else {
      finish();
      if (!std::isspace(byte)) pieces.push_back({std::string(1, text[i])});
    }
  }
  finish();
  return pieces;
}

}  // namespace

WordTokenizer::WordTokenizer(std::vector<std::string> words) : words_(std::move(words)) {
  for (size_t i = 0; i < words_.size(); ++i) ids_[words_[i]] = kFirstWord + std::int64_t(i);
}

std::int64_t WordTokenizer::lookup(const std::string& word) const {
  if (names_mark(word)) return kUnknown;
  const auto found = ids_.find(word);
  if (found != ids_.end()) return found->second;
  const std::string other = word.ends_with('s') ? word.substr(0, word.size() - 1) : word + "s";
  const auto partner = ids_.find(other);
  return partner != ids_.end() && !names_mark(other) ? partner->second : kUnknown;
}

TokenizedText WordTokenizer::encode(std::string_view text, std::int64_t limit) const {
  TokenizedText result;
  for (const auto& [word, is_mark] : split_text(text)) {
    if (std::int64_t(result.ids.size()) == limit) {
      ++result.dropped;
      continue;
    }
    const auto known = ids_.find(word);
    const std::int64_t id = !is_mark ? lookup(word) : known != ids_.end() ? known->second : kUnknown;
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
