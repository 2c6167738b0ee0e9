#include "phonofilm/cli/lab_figures.h"

#include <cctype>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/log.h"
#include "phonofilm/base/text.h"

namespace phonofilm::cli {

eval::RunFigures measured_once(const std::string& path, const nlohmann::json& circumstances,
                               const std::function<eval::RunFigures()>& measure) {
  if (is_file(path)) {
    const nlohmann::json kept = load_json(path);
    PF_CHECK(kept.contains("circumstances") && kept["circumstances"] == circumstances, InvalidRequest, "lab", path,
             ": was measured by another recipe or on other films, or with other settings; delete it, or choose another "
             "--out");
    return eval::run_figures(kept, path);
  }
  const eval::RunFigures figures = measure();
  nlohmann::json json = eval::to_json(figures);
  json["circumstances"] = circumstances;
  save_json(path, json);
  return eval::run_figures(json, path);
}

std::vector<eval::RunFigures> with_common_figures(std::vector<eval::RunFigures> runs) {
  std::map<std::string, std::size_t> runs_with;
  for (const eval::RunFigures& run : runs) {
    for (const auto& [figure, value] : run.figures) ++runs_with[figure];
  }
  for (eval::RunFigures& run : runs) {
    std::erase_if(run.figures, [&](const auto& figure) { return runs_with[figure.first] < runs.size(); });
  }
  for (const auto& [figure, count] : runs_with) {
    if (count < runs.size()) log::warn(concat("left out: '", figure, "', which ", runs.size() - count, " runs lack"));
  }
  return runs;
}

std::vector<FigurePlot> plots_of(const std::vector<eval::RunFigures>& runs) {
  std::vector<FigurePlot> plots;
  for (const auto& [figure, value] : runs.front().figures) {
    std::string file;
    for (const char c : to_lower(figure)) {
      if (std::isalnum(static_cast<unsigned char>(c))) file += c;
      else if (!file.empty() && file.back() != '_') file += '_';
    }
    while (!file.empty() && file.back() == '_') file.pop_back();
    plots.push_back({figure, file + ".svg"});
  }
  return plots;
}

void write_comparison(const std::string& folder, const std::vector<eval::RunFigures>& runs,
                      const std::vector<FigurePlot>& plots) {
  const std::string table = eval::markdown_table(eval::compare(runs));
  write_file_atomically(folder + "/table.md", table);
  for (const FigurePlot& plot : plots) {
    write_file_atomically(folder + "/" + plot.file, eval::dot_plot(runs, plot.figure));
  }
  std::fputs(table.c_str(), stdout);
}

}  // namespace phonofilm::cli
