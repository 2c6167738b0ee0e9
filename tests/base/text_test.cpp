#include "phonofilm/base/text.h"

#include <doctest/doctest.h>

using namespace phonofilm;

TEST_CASE("text: parts are joined, split and streamed") {
  CHECK(concat("expected ", 3, ", got ", 2.5) == "expected 3, got 2.5");
  CHECK(join({"a", "b", "c"}, ", ") == "a, b, c");
  CHECK(join({}, ", ").empty());
  CHECK(split("a,b,,c", ',') == std::vector<std::string>{"a", "b", "", "c"});
  CHECK(split("", ',') == std::vector<std::string>{""});
  CHECK(to_lower("A Red BALL") == "a red ball");
}

TEST_CASE("text: a misspelt name finds the nearest known one") {
  const std::vector<std::string> known{"steps", "seed", "guidance-video", "guidance-audio", "output"};
  CHECK(nearest_name("step", known) == "steps");
  CHECK(nearest_name("stpes", known) == "steps");
  CHECK(nearest_name("sead", known) == "seed");
  CHECK(nearest_name("guidence-audio", known) == "guidance-audio");
  CHECK(nearest_name("out", known) == "output");
}

TEST_CASE("text: a name that resembles nothing gets no suggestion") {
  const std::vector<std::string> known{"steps", "guidance-video"};
  CHECK(nearest_name("resolution", known).empty());
  CHECK(did_you_mean("resolution", known).empty());
  CHECK(did_you_mean("step", known) == " (did you mean 'steps'?)");
  CHECK(nearest_name("steps", {}).empty());
  CHECK(nearest_name(std::string(50'000'000, 's'), known).empty());  // at once, although the distance would take minutes
}

TEST_CASE("text: sizes and durations for people") {
  CHECK(human_bytes(734) == "734 B");
  CHECK(human_bytes(1'500'000) == "1.5 MB");
  CHECK(human_bytes(2e15) == "2000.0 TB");
  CHECK(human_seconds(0.015) == "15 ms");
  CHECK(human_seconds(1.2) == "1.2 s");
  CHECK(human_seconds(200) == "3 min 20 s");
  CHECK(human_seconds(7500) == "2 h 05 min");
  CHECK(human_seconds(1e30) == "277777777777 h 46 min");
}

TEST_CASE("text: what a terminal would obey becomes spaces, other text stays") {
  CHECK(printable("a\x1b[2Jb\nc\x7f") == "a [2Jb c ");
  CHECK(printable("äöü") == "äöü");
  CHECK(printable("\xc2\x9b" "2J\xc2\x85") == " 2J ");         // control characters beyond ASCII
  CHECK(printable("\u202eabc\u2066d\u2069") == " abc d ");    // marks that reverse what follows
  CHECK(printable("\u00a0\u200f\u2070\u2029") == "\u00a0\u200f\u2070\u2029");
  CHECK(printable("\xc2") == "\xc2");
}
