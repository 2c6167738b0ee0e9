// Tables and plots of several runs against hand-computed cases.
#include "phonofilm/eval/comparison.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::eval;

namespace {

const std::vector<RunFigures> kRuns{{"with_sound", 1, {{"offset, ms", 12.5}, {"found, %", 100}}},
                                    {"alone", 1, {{"offset, ms", 80}, {"found, %", 40}}},
                                    {"with_sound", 2, {{"offset, ms", 7.5}, {"found, %", 100}}}};

std::int64_t count(const std::string& text, const std::string& part) {
  std::int64_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("runs of a variant are averaged, and their range is told") {
  const Comparison table = compare(kRuns);
  CHECK(table.variants == std::vector<std::string>{"with_sound", "alone"});
  CHECK(table.seeds == std::vector<std::int64_t>{2, 1});
  CHECK(table.cells[0][0].mean == doctest::Approx(10));
  CHECK(table.cells[0][0].low == 7.5);
  CHECK(table.cells[0][0].high == 12.5);
  CHECK(markdown_table(table) ==
        "| | offset, ms | found, % |\n"
        "|---|---|---|\n"
        "| with sound, 2 seeds | 10.0 (7.50 to 12.5) | 100 |\n"
        "| alone, 1 seed | 80.0 | 40.0 |\n");
}

TEST_CASE("a figure that could not be measured survives its file, and is left out of means and plots") {
  std::vector<RunFigures> runs = kRuns;
  runs[0].figures[0].second = runs[1].figures[0].second = NAN;
  for (RunFigures& run : runs) run = run_figures(to_json(run), "figures.json");
  CHECK(markdown_table(compare(runs)) ==
        "| | offset, ms | found, % |\n"
        "|---|---|---|\n"
        "| with sound, 2 seeds | 7.50 | 100 |\n"
        "| alone, 1 seed | n/a | 40.0 |\n");
  const std::string plot = dot_plot(runs, "offset, ms");
  CHECK(count(plot, "<circle") == 1);
  CHECK(plot.find("n/a") == std::string::npos);
}

TEST_CASE("runs with other figures are not compared") {
  std::vector<RunFigures> runs = kRuns;
  runs[2].figures.pop_back();
  CHECK_THROWS_WITH_AS(compare(runs), "[compare] with_sound, seed 2: has the figures offset, ms; the first run has offset, ms, found, %",
                       InvalidRequest);
  CHECK_THROWS_AS(compare({}), InvalidRequest);
  CHECK_THROWS_AS(dot_plot(kRuns, "loss"), InvalidRequest);
}

TEST_CASE("figures of a run survive their file, anything else is refused") {
  const RunFigures back = run_figures(to_json(kRuns[0]), "figures.json");
  CHECK(back.variant == "with_sound");
  CHECK(back.seed == 1);
  CHECK(back.figures == kRuns[0].figures);
  for (const char* text : {"[]", "{}", R"({"variant": "a", "seed": 1, "figures": [{"name": "x"}]})", R"({"variant": "a", "seed": "1", "figures": []})"}) {
    CHECK_THROWS_AS(run_figures(nlohmann::json::parse(text), "figures.json"), CheckpointError);
  }
}

TEST_CASE("a plot has a dot per run and a bar per variant") {
  const std::string svg = dot_plot(kRuns, "found, %");
  CHECK(count(svg, "<circle") == 3);
  CHECK(count(svg, "stroke='#dc2626'") == 2);
  CHECK(svg.find(">with sound<") != std::string::npos);
  CHECK(svg.find(">100<") != std::string::npos);   // the axis reaches the largest value
  CHECK(svg.find(">120<") == std::string::npos);
  CHECK(dot_plot({{"none", 1, {{"found, %", 0}}}}, "found, %").find("<circle") != std::string::npos);
}
