// phonofilm inspect: what a model folder is and whether it is complete, or what is in files of weights. Reads headers
// only.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/base/json_text.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/folder_table.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/safetensors.h"
#include "phonofilm/weights/tensor_file.h"
#include "phonofilm/weights/tensor_tally.h"

namespace phonofilm::cli {
namespace {

namespace fs = std::filesystem;
using weights::TensorFile;
using weights::TensorTally;

struct InspectOptions {
  std::string path;
  bool tensors = false;
  bool json = false;
  std::int64_t depth = 1;

  Fields fields() {
    return {{"tensors", &tensors, "list every tensor with its dtype and shape; of a model folder, all files too"},
            {"depth", &depth, "name levels that make a part: 1 gives blocks, 2 gives blocks.0", 1, 16},
            {"json", &json, "print JSON instead of tables"}};
  }
};

using Parts = std::map<std::string, TensorTally>;  // tensors whose names begin alike

// "blocks.0.ffn.weight" at depth 2 is "blocks.0"; the tensor's own name never counts as a level.
std::string part_name(const std::string& tensor_name, std::int64_t depth) {
  std::vector<std::string> levels = split(tensor_name, '.');
  levels.resize(std::clamp<std::size_t>(levels.size() - 1, 1, std::size_t(depth)));
  return join(levels, ".");
}

Parts group(const TensorFile& file, std::int64_t depth) {
  Parts parts;
  for (const auto& [name, tensor] : file.tensors) parts[part_name(name, depth)].add(tensor);
  return parts;
}

std::vector<std::string> weight_files(const std::string& path) {
  static const std::set<std::string> kEndings{".safetensors", ".pt", ".pth"};
  if (!fs::is_directory(path)) return {path};
  std::vector<std::string> files;
  std::error_code unreadable;
  for (const auto& entry : fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, unreadable)) {
    if (kEndings.contains(entry.path().extension().string())) files.push_back(entry.path().string());
  }
  PF_CHECK(!unreadable, CheckpointError, "inspect", path, ": cannot be read: ", unreadable.message());
  PF_CHECK(!files.empty(), CheckpointError, "inspect", path, ": no weights (.safetensors, .pt, .pth) in this folder");
  std::sort(files.begin(), files.end());
  return files;
}

void print_part(const std::string& name, const TensorTally& part) {
  std::printf("  %-40s %8lld %14lld %10s  %s\n", printable(name).c_str(), static_cast<long long>(part.tensors),
              static_cast<long long>(part.parameters), human_bytes(double(part.bytes)).c_str(),
              join({part.dtypes.begin(), part.dtypes.end()}, ", ").c_str());
}

void print_table(const TensorFile& file, const InspectOptions& options) {
  std::printf("%s\n", file.path.c_str());
  for (const auto& [key, value] : file.metadata) {
    std::printf("  %s: %s\n", printable(key).c_str(), printable(value).c_str());
  }
  std::printf("  %-40s %8s %14s %10s  %s\n", "part", "tensors", "parameters", "bytes", "dtype");
  for (const auto& [name, part] : group(file, options.depth)) print_part(name, part);
  print_part("total", weights::tally(file.tensors));
  if (!options.tensors) return;
  for (const auto& [name, tensor] : file.tensors) {
    std::printf("  %-5s %-24s %s\n", weights::dtype_label(tensor.scalar_type()).c_str(),
                shape_text(tensor.sizes()).c_str(), printable(name).c_str());
  }
}

nlohmann::json to_json(const TensorTally& part) {
  return {{"tensors", part.tensors}, {"parameters", part.parameters}, {"bytes", part.bytes}, {"dtypes", part.dtypes}};
}

nlohmann::json to_json(const TensorFile& file, const InspectOptions& options) {
  nlohmann::json result{{"file", file.path}, {"metadata", file.metadata}, {"total", to_json(weights::tally(file.tensors))}};
  for (const auto& [name, part] : group(file, options.depth)) result["parts"][name] = to_json(part);
  if (!options.tensors) return result;
  for (const auto& [name, tensor] : file.tensors) {
    result["tensors"][name] = {{"dtype", weights::dtype_label(tensor.scalar_type())}, {"shape", tensor.sizes().vec()}};
  }
  return result;
}

nlohmann::json inspect_files(const InspectOptions& options) {
  nlohmann::json all = nlohmann::json::array();
  for (const std::string& path : weight_files(options.path)) {
    const TensorFile file = weights::open_tensors(path);
    if (options.json) {
      all.push_back(to_json(file, options));
    } else {
      print_table(file, options);
    }
  }
  return all;
}

void print(const nlohmann::json& json) {
  std::printf("%s\n", json_text(json, 2).c_str());
}

void inspect_model(const families::FolderReport& report, const InspectOptions& options) {
  nlohmann::json json;
  if (options.json) {
    json = report_json(options.path, report);
  } else {
    print_report(options.path, report);
  }
  if (options.tensors) json["files"] = inspect_files(options);
  if (options.json) print(json);
  const auto bad = std::count_if(report.parts.begin(), report.parts.end(), [](const auto& part) { return part.fault(); });
  PF_CHECK(bad == 0, CheckpointError, "inspect", options.path, ": ", bad, " of ", report.parts.size(),
           " parts are missing or do not fit");
}

void inspect(const InspectOptions& options) {
  const auto report = fs::is_directory(options.path) ? families::inspect_folder(options.path) : std::nullopt;
  if (report) return inspect_model(*report, options);
  const nlohmann::json files = inspect_files(options);
  if (options.json) print(files);
}

}  // namespace

void add_inspect_command(CLI::App& app) {
  const auto options = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand("inspect", "Show what is in weights, or whether a model folder is complete");
  command->add_option("PATH", options->path, "a file of weights (safetensors, PyTorch, an index of shards) or a folder")
      ->required();
  add_flags(*command, options->fields());
  command->callback([options] { inspect(*options); });
}

}  // namespace phonofilm::cli
