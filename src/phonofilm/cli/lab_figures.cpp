#include "phonofilm/cli/lab_figures.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/base/files.h"

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
