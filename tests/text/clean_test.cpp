// Prompt cleaning against what the publisher's makes of the same texts (testdata/text).
#include "phonofilm/text/clean.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/text/html_entities.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::text;

// Whether a sequence was misread is a matter of judgement; ours differs for sequences that stand alone among other damage.
TEST_CASE("clean: recorded texts come out as the publisher's, all but seven of 390") {
  std::ifstream file(test::testdata("text/clean.jsonl"));
  REQUIRE(file);
  int texts = 0, different = 0;
  for (std::string line; std::getline(file, line); ++texts) {
    const nlohmann::json entry = nlohmann::json::parse(line);
    const std::string given = entry["text"].get<std::string>();
    different += clean_prompt(given) != entry.value("clean", given);
  }
  CHECK(texts == 390);
  CHECK(different <= 7);
}

TEST_CASE("clean: marks, case and punctuation stay; white space does not") {
  CHECK(clean_prompt("  <S>Hello,\n\tWORLD!<E>  <AUDCAP>Wind.<ENDAUDCAP> ") == "<S>Hello, WORLD!<E> <AUDCAP>Wind.<ENDAUDCAP>");
  CHECK(clean_prompt("").empty());
}

TEST_CASE("clean: references that come about by unescaping are unescaped too") {
  CHECK(unescape_complete_references("a&amp;lt;b &#38;#38;gt; &amp;nope; &amp") == "a<b > &nope; &amp");
  CHECK(unescape_complete_references("&amp;amp;amp; &&amp;&") == "& &&&");
}

TEST_CASE("clean: text made to be repaired for ever is repaired at once, and prompts have a limit") {
  std::string nested = "&", doubled;
  while (nested.size() + 4 < kLongestPrompt) nested += "amp;";
  CHECK(clean_prompt(nested + "lt;") == "<");
  while (doubled.size() + 4 < kLongestPrompt) doubled += "\u00C2";
  CHECK(clean_prompt(doubled + "\u00A9") == "\u00A9");
  CHECK_THROWS_WITH_AS(clean_prompt(std::string(kLongestPrompt + 1, 'a')), doctest::Contains("at most 20000 are read"), InvalidRequest);
}

TEST_CASE("clean: text that is not UTF-8 is refused") {
  CHECK_THROWS_AS(clean_prompt("caf\xE9"), InvalidRequest);
  CHECK_THROWS_AS(clean_prompt("\xC3"), InvalidRequest);
}
