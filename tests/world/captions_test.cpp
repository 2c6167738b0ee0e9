#include "phonofilm/world/captions.h"

#include <algorithm>
#include <map>
#include <set>

#include "phonofilm/world/world.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::world;

namespace {

// Number of floor strikes that the words state; 0: none stated; -1: "many".
std::int64_t stated_count(const std::vector<std::string>& words) {
  static const std::vector<std::string> kNumbers{"one", "two", "three", "four", "five", "six", "seven", "eight"};
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "once") return 1;
    if (words[i] == "twice") return 2;
    if (words[i] != "times" && words[i] != "time") continue;
    const auto number = std::find(kNumbers.begin(), kNumbers.end(), words.at(i - 1));
    return number == kNumbers.end() ? -1 : number - kNumbers.begin() + 1;
  }
  return 0;
}

bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The words from each ball's colour up to the next ball's colour, by colour.
std::map<std::string, std::vector<std::string>> by_ball(const std::vector<std::string>& words) {
  std::map<std::string, std::vector<std::string>> parts;
  std::string current;
  for (const std::string& word : words) {
    for (const NamedColor& color : colors()) {
      if (word == color.name) current = word;
    }
    parts[current].push_back(word);
  }
  return parts;
}

struct CaptionCheck {
  std::int64_t counts = 0, directions = 0, walls = 0, sides = 0;

  void check(const Truth& truth) {
    const std::vector<std::string> words = split_words(truth.caption);
    auto parts = by_ball(words);
    INFO(truth.seed, ": ", truth.caption);
    for (size_t i = 0; i < truth.objects.size(); ++i) {
      const Object& object = truth.objects[i];
      REQUIRE(has(words, object.color));
      REQUIRE(has(parts[object.color], object.material));
      check_count(truth, std::int64_t(i), parts[object.color]);
    }
    if (truth.objects.size() == 1) check_motion(truth, words);
  }
  void check_count(const Truth& truth, std::int64_t object, const std::vector<std::string>& words) {
    const std::int64_t stated = stated_count(words), real = count_strikes(truth, object, "floor");
    counts += stated != 0;
    REQUIRE((stated == 0 || stated == real || (stated == -1 && real > 8)));
  }
  // "hits the left wall", "strikes the wall on the right"
  void check_side(const std::vector<std::string>& words, bool left, bool right) {
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i] != "left" && words[i] != "right") continue;
      const bool before = i + 1 < words.size() && words[i + 1] == "wall", behind = i > 2 && words[i - 3] == "wall";
      if (!before && !behind) continue;
      ++sides;
      REQUIRE((words[i] == "left" ? left : right));
    }
  }
  void check_motion(const Truth& truth, const std::vector<std::string>& words) {
    const double drift = truth.objects[0].drift;
    if (has(words, "straight")) REQUIRE(drift == 0);
    for (size_t i = 0; i + 2 < words.size(); ++i) {
      if (words[i] != "to" && words[i] != "towards") continue;
      ++directions;
      REQUIRE((words[i + 2] == "left" ? drift < 0 : drift > 0));
    }
    const bool left = count_strikes(truth, 0, "left wall") > 0, right = count_strikes(truth, 0, "right wall") > 0;
    if (has(words, "walls")) REQUIRE((left && right));
    if (has(words, "wall")) REQUIRE(left != right);
    check_side(words, left, right);
    walls += has(words, "wall") || has(words, "walls");
  }
};

}  // namespace

TEST_CASE("a grammar fills slots, tidies spaces and knows its words") {
  const Grammar grammar({{"top", {"a {thing} {maybe} , then {verb}"}}, {"maybe", {""}}, {"verb", {"stops"}},
                         {"thing", {"ball"}}});
  Random random(1);
  CHECK(grammar.expand("top", {}, random) == "a ball, then stops");
  CHECK(grammar.expand("top", {{"thing", "big cube"}}, random) == "a big cube, then stops");
  CHECK(grammar.words() == std::vector<std::string>{",", "a", "ball", "stops", "then"});
  CHECK_THROWS_AS(grammar.expand("missing", {}, random), std::out_of_range);
  const Grammar marked(Grammar::Rules{{"said", {"{who} says <S> {text} <E> , then <AUDCAP> a voice <ENDAUDCAP>"}}});
  CHECK(marked.expand("said", {{"who", "she"}, {"text", "one two"}}, random) ==
        "she says <S>one two<E>, then <AUDCAP>a voice<ENDAUDCAP>");
  CHECK(split_words("says <S>one two<E>, then") ==
        std::vector<std::string>{"says", "s", "one", "two", "e", ",", "then"});
  CHECK(split_words("falls, it  is") == std::vector<std::string>{"falls", ",", "it", "is"});
}

TEST_CASE("captions stay within their vocabulary and use all of it") {
  const std::vector<std::string> vocabulary = caption_words();
  CHECK(vocabulary.size() >= 60);
  CHECK(vocabulary.size() <= 110);
  CHECK(std::is_sorted(vocabulary.begin(), vocabulary.end()));
  std::set<std::string> used, different;
  for (std::uint64_t seed = 0; seed < 2600; ++seed) {
    // Nothing bounces only once in 2 s, or more often than eight times.
    const Truth truth = truth_of("impacts", seed, options_for(seed < 2000 ? 2 : seed < 2300 ? 1 : 5, 96));
    different.insert(truth.caption);
    for (const std::string& word : split_words(truth.caption)) {
      INFO(truth.caption);
      REQUIRE(std::binary_search(vocabulary.begin(), vocabulary.end(), word));
      used.insert(word);
    }
  }
  CHECK(different.size() > 1500);
  for (const std::string& word : vocabulary) {
    INFO(word);
    CHECK(used.contains(word));
  }
}

TEST_CASE("what captions say is true") {
  CaptionCheck captions;
  for (std::uint64_t seed = 0; seed < 500; ++seed) captions.check(truth_of("impacts", seed, {}));
  for (std::uint64_t seed = 0; seed < 100; ++seed) captions.check(truth_of("impacts", seed, options_for(5, 96)));
  CHECK(captions.counts > 150);
  CHECK(captions.directions > 40);
  CHECK(captions.walls > 20);
  CHECK(captions.sides > 10);
}
