// Captions in varied wording from a small grammar. Every word of every caption stands in the grammar, so the
// vocabulary is known without rendering anything.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phonofilm/base/random.h"

namespace phonofilm::world {

// Rules map a symbol to alternatives: {"greeting", {"hello {who}", "good day, {who}"}}. A slot {name} is replaced by
// the caller's text of that name, else by an alternative of the rule of that name, chosen at random. An alternative
// may be empty, and listing one twice makes it twice as likely.
class Grammar {
 public:
  using Rules = std::map<std::string, std::vector<std::string>>;
  using Texts = std::map<std::string, std::string>;

  explicit Grammar(Rules rules) : rules_(std::move(rules)) {}

  // One caption: single spaces, no space before a comma, none between marks and what they enclose. Throws
  // std::out_of_range for a symbol without a rule.
  std::string expand(const std::string& symbol, const Texts& texts, Random& random) const;

  // The words of all rules, sorted, each once.
  std::vector<std::string> words() const;

 private:
  std::string fill(const std::string& alternative, const Texts& texts, Random& random) const;
  Rules rules_;
};

// A caption as words: split at spaces, with each comma a word of its own ("falls, it" is "falls" "," "it"), and each
// mark one by its bare name ("says <S>hello<E>" is "says" "s" "hello" "e"), which is how a tokenizer of words reads it.
std::vector<std::string> split_words(const std::string& caption);

}  // namespace phonofilm::world
