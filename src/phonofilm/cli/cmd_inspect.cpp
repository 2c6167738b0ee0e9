// phonofilm inspect: what is in a .safetensors file, or in every one of a model folder. Reads headers only.
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::cli {
namespace {

namespace fs = std::filesystem;
using weights::SafetensorsFile;

struct InspectOptions {
  std::string path;
  bool tensors = false;
  bool json = false;
  std::int64_t depth = 1;

  Fields fields() {
    return {{"tensors", &tensors, "list every tensor with its dtype and shape"},
            {"depth", &depth, "name levels that make a part: 1 gives blocks, 2 gives blocks.0", 1, 16},
            {"json", &json, "print JSON instead of tables"}};
  }
};

// A group of tensors whose names begin alike.
struct Part {
  std::int64_t tensors = 0, parameters = 0, bytes = 0;
  std::set<std::string> dtypes;

  void add(const Tensor& tensor) {
    ++tensors;
    parameters += tensor.numel();
    bytes += std::int64_t(tensor.nbytes());
    dtypes.insert(weights::dtype_name(tensor.scalar_type()));
  }
};
using Parts = std::map<std::string, Part>;

// "blocks.0.ffn.weight" at depth 2 is "blocks.0"; the tensor's own name never counts as a level.
std::string part_name(const std::string& tensor_name, std::int64_t depth) {
  std::vector<std::string> levels = split(tensor_name, '.');
  levels.resize(std::clamp<std::size_t>(levels.size() - 1, 1, std::size_t(depth)));
  return join(levels, ".");
}

Parts group(const SafetensorsFile& file, std::int64_t depth) {
  Parts parts;
  for (const auto& [name, tensor] : file.tensors()) parts[part_name(name, depth)].add(tensor);
  return parts;
}

Part total(const SafetensorsFile& file) {
  Part sum;
  for (const auto& [name, tensor] : file.tensors()) sum.add(tensor);
  return sum;
}

std::vector<std::string> weight_files(const std::string& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path().string());
  }
  PF_CHECK(!files.empty(), CheckpointError, "inspect", path, ": no .safetensors file in this folder");
  std::sort(files.begin(), files.end());
  return files;
}

void print_part(const std::string& name, const Part& part) {
  std::printf("  %-40s %8lld %14lld %10s  %s\n", printable(name).c_str(), static_cast<long long>(part.tensors),
              static_cast<long long>(part.parameters), human_bytes(double(part.bytes)).c_str(),
              join({part.dtypes.begin(), part.dtypes.end()}, ", ").c_str());
}

void print_table(const SafetensorsFile& file, const InspectOptions& options) {
  std::printf("%s\n", file.path().c_str());
  for (const auto& [key, value] : file.metadata()) {
    std::printf("  %s: %s\n", printable(key).c_str(), printable(value).c_str());
  }
  std::printf("  %-40s %8s %14s %10s  %s\n", "part", "tensors", "parameters", "bytes", "dtype");
  for (const auto& [name, part] : group(file, options.depth)) print_part(name, part);
  print_part("total", total(file));
  if (!options.tensors) return;
  for (const auto& [name, tensor] : file.tensors()) {
    std::printf("  %-5s %-24s %s\n", weights::dtype_name(tensor.scalar_type()).c_str(),
                shape_text(tensor.sizes()).c_str(), printable(name).c_str());
  }
}

nlohmann::json to_json(const Part& part) {
  return {{"tensors", part.tensors}, {"parameters", part.parameters}, {"bytes", part.bytes}, {"dtypes", part.dtypes}};
}

nlohmann::json to_json(const SafetensorsFile& file, const InspectOptions& options) {
  nlohmann::json result{{"file", file.path()}, {"metadata", file.metadata()}, {"total", to_json(total(file))}};
  for (const auto& [name, part] : group(file, options.depth)) result["parts"][name] = to_json(part);
  if (!options.tensors) return result;
  for (const auto& [name, tensor] : file.tensors()) {
    result["tensors"][name] = {{"dtype", weights::dtype_name(tensor.scalar_type())}, {"shape", tensor.sizes().vec()}};
  }
  return result;
}

void inspect(const InspectOptions& options) {
  nlohmann::json all = nlohmann::json::array();
  for (const std::string& path : weight_files(options.path)) {
    const SafetensorsFile file = SafetensorsFile::open(path);
    if (options.json) {
      all.push_back(to_json(file, options));
    } else {
      print_table(file, options);
    }
  }
  if (options.json) std::printf("%s\n", all.dump(2).c_str());
}

}  // namespace

void add_inspect_command(CLI::App& app) {
  const auto options = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand("inspect", "Show what is in a weights file or a model folder");
  command->add_option("PATH", options->path, "a .safetensors file, or a folder that holds some")->required();
  add_flags(*command, options->fields());
  command->callback([options] { inspect(*options); });
}

}  // namespace phonofilm::cli
