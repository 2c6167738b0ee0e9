// phonofilm eval film through the real program.
#include <doctest/doctest.h>

#include "cli/program.h"
#include "phonofilm/media/film.h"

using namespace phonofilm;
using test::run_program;

TEST_CASE("cli: a film is looked at for drift and seams") {
  const test::TemporaryFolder folder;
  REQUIRE(run_program("world render --seed 3 -o " + folder.path().string()).exit_code == 0);
  const std::string command = "eval film " + folder.file("impacts_000003.mp4");
  const auto outcome = run_program(command + " --joints 0.7,1.2 --stretch 1 -o " + folder.file("report"));
  INFO(outcome.error);
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.says("0.0 to     1.0"));
  CHECK(outcome.says("1.200"));
  CHECK(read_file(folder.file("report/index.html")).find("Seams") != std::string::npos);
  CHECK(is_file(folder.file("report/report.json")));
  const auto outside = run_program(command + " --joints 9");
  CHECK(outside.exit_code == 2);
  CHECK(outside.says("outside of a film of"));
}

TEST_CASE("cli: a film's joints are those that it says itself, unless others are asked for") {
  const test::TemporaryFolder folder;
  REQUIRE(run_program("world render --seed 3 -o " + folder.path().string()).exit_code == 0);
  const Clip clip = media::read_film(folder.file("impacts_000003.mp4")).clip;
  const auto looked_at = [&](const std::string& settings, const std::string& flags = "") {
    media::write_film(folder.file("film.mp4"), clip, {{media::kSettingsKey, settings}});
    return run_program("eval film " + folder.file("film.mp4") + flags);
  };
  const auto told = looked_at(R"({"film": {"joints": [0.625, 1.25]}})");
  CHECK(told.exit_code == 0);
  CHECK(told.says("0.625"));
  CHECK(told.says("1.250"));
  const auto asked = looked_at(R"({"film": {"joints": [0.625, 1.25]}})", " --joints 0.5");
  CHECK(asked.says("0.500"));
  CHECK(!asked.says("1.250"));
  for (const char* silent : {"{}", R"({"film": {}})", "[1]", "no JSON"}) {
    CAPTURE(silent);
    const auto outcome = looked_at(silent);
    CHECK(outcome.exit_code == 0);
    CHECK(!outcome.says("joint"));
  }
  for (const char* damaged : {R"({"film": {"joints": ["now"]}})", R"({"film": {"joints": 2}})"}) {
    CAPTURE(damaged);
    const auto outcome = looked_at(damaged);
    CHECK(outcome.exit_code == test::kMedia);
    CHECK(outcome.says("film.mp4: film.joints of its settings are no list of numbers"));
  }
}
