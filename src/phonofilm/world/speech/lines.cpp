#include "phonofilm/world/speech/lines.h"

#include <algorithm>
#include <set>

namespace phonofilm::world {
namespace {

using Words = std::vector<std::string>;

const Words kNumbers{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"};
const Words kGreetings{"hello", "hi", "welcome", "morning"};
const Words kPartings{"goodbye", "bye", "goodnight"};
const Words kReplies{"yes", "no", "maybe", "okay", "sorry", "please", "thanks", "never"};
const Words kHues{"red", "green", "blue", "yellow", "purple", "white"};
const Words kThings{"apple", "water", "music", "baby", "fish", "moon", "flower", "house", "coffee", "boat"};
const Words kFolk{"mama", "papa", "bob", "mary", "emma", "tom"};
const Words kDoings{"come", "go", "stop", "look", "wait"};

bool among(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A few words in an order that people say; lists of words stand for one of them.
const std::vector<std::vector<const Words*>>& patterns() {
  static const std::vector<std::vector<const Words*>> kPatterns{
      {&kGreetings}, {&kReplies}, {&kNumbers}, {&kDoings}, {&kThings},
      {&kGreetings, &kFolk}, {&kPartings, &kFolk}, {&kNumbers, &kNumbers}, {&kHues, &kThings}, {&kReplies, &kFolk},
      {&kDoings, &kFolk}, {&kReplies, &kThings},
      {&kNumbers, &kNumbers, &kNumbers}, {&kNumbers, &kHues, &kThings}, {&kReplies, &kHues, &kThings},
      {&kGreetings, &kFolk, &kDoings}, {&kFolk, &kDoings, &kPartings},
      {&kNumbers, &kNumbers, &kNumbers, &kNumbers}, {&kReplies, &kHues, &kThings, &kFolk},
      {&kGreetings, &kFolk, &kHues, &kThings}};
  return kPatterns;
}

Line cut_to(Line line, std::int64_t most) {
  if (std::int64_t(line.size()) > most) line.resize(size_t(most));
  return line;
}

}  // namespace

Line draw_line(std::int64_t most, Random& random) {
  // First how long, so that short lines are not the rule.
  const std::int64_t length = 1 + random.below(std::min<std::int64_t>(most, 4));
  std::vector<const std::vector<const Words*>*> fitting;
  for (const auto& pattern : patterns()) {
    if (std::int64_t(pattern.size()) == length) fitting.push_back(&pattern);
  }
  Line line;
  for (const Words* words : *random.pick(fitting)) line.push_back(random.pick(*words));
  return line;
}

Line draw_answer(const Line& line, std::int64_t most, Random& random) {
  const std::string& first = line.front();
  if (among(kGreetings, first)) return cut_to({random.pick(kGreetings), random.pick(kFolk)}, most);
  if (among(kPartings, first)) return cut_to({random.pick(kPartings), random.pick(kFolk)}, most);
  const auto number = std::find(kNumbers.begin(), kNumbers.end(), line.back());
  if (number != kNumbers.end()) return {*(number + 1 == kNumbers.end() ? kNumbers.begin() : number + 1)};
  if (among(kThings, line.back())) return cut_to({random.pick(kReplies), random.pick(kThings)}, most);
  return {random.pick(kReplies)};
}

std::vector<std::string> spoken_words() {
  std::set<std::string> all;
  for (const Words* words : {&kNumbers, &kGreetings, &kPartings, &kReplies, &kHues, &kThings, &kFolk, &kDoings}) {
    all.insert(words->begin(), words->end());
  }
  return {all.begin(), all.end()};
}

}  // namespace phonofilm::world
