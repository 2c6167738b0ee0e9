// phonofilm eval film through the real program.
#include <doctest/doctest.h>

#include "cli/program.h"

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
