// The report of an evaluation: as JSON for machines and as one self-contained page for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/eval/togetherness.h"

namespace phonofilm::eval {

// A line of the page's table of circumstances: {"model", "models/mini"}.
struct Circumstance {
  std::string name, value;
};

// Sections: targets, groups, curves and histograms of offsets, breakdown by material, films with their timelines.
// Plots are inline SVG; films are <video> elements with relative links; nothing is loaded from elsewhere.
std::string report_page(const WorldReport& report, const std::vector<Circumstance>& circumstances);

// Writes <folder>/report.json and <folder>/index.html, each whole or not at all.
void write_report(const std::string& folder, const WorldReport& report, const std::vector<Circumstance>& circumstances);

}  // namespace phonofilm::eval
