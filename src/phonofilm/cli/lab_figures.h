// Figures of the lab that are measured once and kept.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/eval/comparison.h"

namespace phonofilm::cli {

// What the file `path` keeps, or what `measure` finds, which is written there as a whole. circumstances: everything
// that the figures depend on. Throws InvalidRequest where the file was measured under others.
eval::RunFigures measured_once(const std::string& path, const nlohmann::json& circumstances,
                               const std::function<eval::RunFigures()>& measure);

// The runs without figures that not all of them have: of films that show nothing, a ruler has no answer.
std::vector<eval::RunFigures> with_common_figures(std::vector<eval::RunFigures> runs);

// A table of the runs in `folder`/table.md and on stdout, and for each of `plots`, a figure's name and a file's, a
// picture.
struct FigurePlot {
  std::string figure, file;
};
// One of every figure, its file named after it: "within_50_ms.svg".
std::vector<FigurePlot> plots_of(const std::vector<eval::RunFigures>& runs);
void write_comparison(const std::string& folder, const std::vector<eval::RunFigures>& runs,
                      const std::vector<FigurePlot>& plots);

}  // namespace phonofilm::cli
