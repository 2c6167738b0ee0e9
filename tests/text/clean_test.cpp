// Prompt cleaning against what the publisher's makes of the same texts (testdata/text).
#include "phonofilm/text/clean.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::text;

TEST_CASE("clean: every recorded text comes out as the publisher's") {
  std::ifstream file(test::testdata("text/clean.jsonl"));
  REQUIRE(file);
  int texts = 0;
  for (std::string line; std::getline(file, line); ++texts) {
    const nlohmann::json entry = nlohmann::json::parse(line);
    const std::string given = entry["text"].get<std::string>();
    INFO(given);
    CHECK(clean_prompt(given) == entry.value("clean", given));
  }
  CHECK(texts == 390);
}

TEST_CASE("clean: marks, case and punctuation stay; white space does not") {
  CHECK(clean_prompt("  <S>Hello,\n\tWORLD!<E>  <AUDCAP>Wind.<ENDAUDCAP> ") == "<S>Hello, WORLD!<E> <AUDCAP>Wind.<ENDAUDCAP>");
  CHECK(clean_prompt("").empty());
}

TEST_CASE("clean: text that is not UTF-8 is refused") {
  CHECK_THROWS_AS(clean_prompt("caf\xE9"), InvalidRequest);
  CHECK_THROWS_AS(clean_prompt("\xC3"), InvalidRequest);
}
