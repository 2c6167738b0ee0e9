#include "phonofilm/base/csv.h"

#include <doctest/doctest.h>

#include "phonofilm/base/error.h"

using namespace phonofilm;

namespace {
using Cells = std::vector<std::string>;
}

TEST_CASE("csv: quotes, line breaks in cells, either line ending, a byte order mark") {
  const auto rows = parse_csv("\xEF\xBB\xBFtext_prompt,image_path\r\n\"He says, \"\"now\"\".\nThen silence.\",a.png\n\nplain,\n");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].cells == Cells{"text_prompt", "image_path"});
  CHECK(rows[1].cells == Cells{"He says, \"now\".\nThen silence.", "a.png"});
  CHECK(rows[1].line == 2);
  CHECK(rows[2].cells == Cells{"plain", ""});
  CHECK(rows[2].line == 5);
}

TEST_CASE("csv: other separators, a last line without an end, nothing at all") {
  CHECK(parse_csv("a\tb,c", '\t')[0].cells == Cells{"a", "b,c"});
  CHECK(parse_csv("").empty());
  CHECK(parse_csv("\n\r\n").empty());
  CHECK(parse_csv("a\rb\r\nc")[2].line == 3);
}

TEST_CASE("csv: broken quotes name their line") {
  CHECK_THROWS_WITH_AS(parse_csv("a,b\n\"never closed\n\n"), doctest::Contains("line 2: a quoted cell is never closed"), InvalidRequest);
  CHECK_THROWS_WITH_AS(parse_csv("\"a\"b"), doctest::Contains("line 1: text follows a closing quote"), InvalidRequest);
}
