#include "phonofilm/world/captions.h"

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

std::string tidy(const std::string& text) {
  std::string out;
  for (const std::string& word : split_words(text)) {
    if (!out.empty() && word != ",") out += ' ';
    out += word;
  }
  return out;
}

}  // namespace

std::vector<std::string> split_words(const std::string& caption) {
  std::vector<std::string> words(1);
  for (const char c : caption) {
    if (c != ' ' && c != ',') {
      words.back() += c;
      continue;
    }
    if (!words.back().empty()) words.emplace_back();
    if (c == ',') {
      words.back() = ",";
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
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
