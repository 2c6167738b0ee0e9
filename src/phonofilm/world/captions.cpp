#include "phonofilm/world/captions.h"

#include <cctype>
#include <set>

namespace phonofilm::world {
namespace {

// The pieces outside the slots.
std::string without_slots(const std::string& alternative) {
  std::string out;
  bool in_slot = false;
  for (const char c : alternative) {
    if (c == '{') in_slot = true;
    if (!in_slot) out += c;
    if (c == '}') {
      in_slot = false;
      out += ' ';
    }
  }
  return out;
}

// Words, commas and marks ("<S>") one by one.
std::vector<std::string> split_pieces(const std::string& text) {
  std::vector<std::string> pieces(1);
  for (const char c : text) {
    const bool comma = c == ',', opens = c == '<', closes = c == '>';
    if ((comma || opens || c == ' ') && !pieces.back().empty()) pieces.emplace_back();
    if (c != ' ') pieces.back() += c;
    if (comma || closes) pieces.emplace_back();
  }
  if (pieces.back().empty()) pieces.pop_back();
  return pieces;
}

bool is_mark(const std::string& piece) { return piece.starts_with('<'); }
bool opens(const std::string& piece) { return piece == "<S>" || piece == "<AUDCAP>"; }

std::string tidy(const std::string& text) {
  std::string out, last;
  for (const std::string& piece : split_pieces(text)) {
    const bool closes = is_mark(piece) && !opens(piece);
    if (!out.empty() && piece != "," && !closes && !opens(last)) out += ' ';
    out += piece;
    last = piece;
  }
  return out;
}

// "<ENDAUDCAP>" is "endaudcap".
std::string bare_name(const std::string& mark) {
  std::string name = mark.substr(1, mark.size() - 2);
  for (char& c : name) c = char(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace

std::vector<std::string> split_words(const std::string& caption) {
  std::vector<std::string> words = split_pieces(caption);
  for (std::string& word : words) {
    if (is_mark(word)) word = bare_name(word);
  }
  return words;
}

std::string Grammar::fill(const std::string& alternative, const Texts& texts, Random& random) const {
  std::string out;
  size_t position = 0;
  while (true) {
    const size_t open = alternative.find('{', position), close = alternative.find('}', position);
    out += alternative.substr(position, open == std::string::npos ? open : open - position);
    if (open == std::string::npos) return out;
    const std::string name = alternative.substr(open + 1, close - open - 1);
    const auto text = texts.find(name);
    out += text != texts.end() ? text->second : fill(random.pick(rules_.at(name)), texts, random);
    position = close + 1;
  }
}

std::string Grammar::expand(const std::string& symbol, const Texts& texts, Random& random) const {
  return tidy(fill("{" + symbol + "}", texts, random));
}

std::vector<std::string> Grammar::words() const {
  std::set<std::string> found;
  for (const auto& [symbol, alternatives] : rules_) {
    for (const std::string& alternative : alternatives) {
      for (const std::string& word : split_words(without_slots(alternative))) found.insert(word);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace phonofilm::world
