#include "phonofilm/cli/lab_figures.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/log.h"
#include "phonofilm/base/text.h"
#include "phonofilm/weights/crc32.h"

namespace phonofilm::cli {
namespace {

namespace fs = std::filesystem;

// Name, size, first and last 64 kB.
std::string ends_of(const fs::path& path, const std::string& name) {
  constexpr std::uintmax_t kEnd = 1 << 16;
  std::error_code failed;
  const std::uintmax_t bytes = fs::file_size(path, failed), end = std::min(bytes, kEnd);
  std::ifstream file(path, std::ios::binary);
  std::string ends(failed ? 0 : 2 * end, '\0');
  file.read(ends.data(), std::streamsize(end));
  file.seekg(-std::streamoff(end), std::ios::end);
  file.read(ends.data() + end, std::streamsize(end));
  PF_CHECK(!failed && file, InvalidRequest, "lab", path.string(), ": cannot be read");
  return concat(name, " ", bytes, " ", ends);
}

}  // namespace

std::string contents_of(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(ends_of(entry.path(), fs::relative(entry.path(), folder).string()));
  }
  std::sort(files.begin(), files.end());
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", weights::crc32(join(files, "\n")));
  return digits;
}

pipeline::GenerateRequest without_alignment(pipeline::GenerateRequest request, const families::Sampling& own) {
  request.align_guidance = 0;
  if (!own.guidance.use_align) return request;
  request.video_guidance = own.guidance.text.video + 1;
  request.audio_guidance = own.guidance.text.audio + 1;
  return request;
}

eval::RunFigures measured_once(const std::string& path, const nlohmann::json& circumstances,
                               const std::function<eval::RunFigures()>& measure) {
  if (is_file(path)) {
    const nlohmann::json kept = load_json(path);
    PF_CHECK(kept.contains("circumstances") && kept["circumstances"] == circumstances, InvalidRequest, "lab", path,
             ": was measured by another recipe, of other weights, on other films, or with other settings; delete it, or "
             "choose another --out");
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
