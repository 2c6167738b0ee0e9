// Figures of several kinds of model, each trained from several seeds, side by side.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace phonofilm::eval {

// What was measured of one run, in the order in which tables show it.
struct RunFigures {
  std::string variant;
  std::int64_t seed = 0;
  // Name with its unit ("median offset, ms"); not a number where nothing could be measured.
  std::vector<std::pair<std::string, double>> figures;
};

nlohmann::json to_json(const RunFigures& run);
// Throws CheckpointError for JSON that is not of to_json; `where` names the file.
RunFigures run_figures(const nlohmann::json& json, const std::string& where);

// The figures of one variant over its seeds.
struct Spread {
  double mean = 0, low = 0, high = 0;
};

struct Comparison {
  std::vector<std::string> variants, figures;  // rows and columns, in the order of first appearance
  std::vector<std::vector<Spread>> cells;      // [variant][figure]
  std::vector<std::int64_t> seeds;             // per variant, how many
};

// Throws InvalidRequest where the runs do not have the same figures.
Comparison compare(const std::vector<RunFigures>& runs);

// A table in Markdown: "mean (lowest to highest)"; the range is left out where all seeds agree.
std::string markdown_table(const Comparison& comparison);
// One dot per run, one line per variant, the mean as a bar: a stand-alone SVG picture of one figure.
std::string dot_plot(const std::vector<RunFigures>& runs, const std::string& figure);

}  // namespace phonofilm::eval
