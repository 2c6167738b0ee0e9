// Figures of the lab that are measured once and kept.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/eval/comparison.h"
#include "phonofilm/families/generator.h"
#include "phonofilm/pipeline/request.h"

namespace phonofilm::cli {

// What the file `path` keeps, or what `measure` finds, which is written there as a whole. circumstances: everything
// that the figures depend on. Throws InvalidRequest where the file was measured under others.
eval::RunFigures measured_once(const std::string& path, const nlohmann::json& circumstances,
                               const std::function<eval::RunFigures()>& measure);

// What the files of a folder hold, in a few digits: their names and sizes, first and last 64 kB. Weights that were
// trained further, or made anew, have others. Throws InvalidRequest where a file cannot be read.
std::string contents_of(const std::string& folder);

// `request` without alignment guidance and else as it is: beside alignment guidance a text scale means one more than in
// the classic form (diffusion/guidance.h), so without it the model's own are raised by one.
pipeline::GenerateRequest without_alignment(pipeline::GenerateRequest request, const families::Sampling& own);

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
