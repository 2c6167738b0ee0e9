#include "phonofilm/families/registry.h"

#include <filesystem>

#include "phonofilm/base/error.h"

namespace phonofilm::families {

std::optional<FolderReport> inspect_folder(const std::string& folder) {
  for (const Family& family : all_families()) {
    if (auto report = family.inspect(folder)) return report;
  }
  return std::nullopt;
}

std::unique_ptr<Generator> load_generator(const std::string& folder, const LoadOptions& options) {
  PF_CHECK(std::filesystem::is_directory(folder), CheckpointError, "load", folder, ": no such model folder");
  std::vector<std::string> names;
  for (const Family& family : all_families()) {
    if (family.detect(folder)) return family.load(folder, options);
    names.push_back(family.name);
  }
  throw CheckpointError("load", phonofilm::concat(folder, ": not a model of any known family (", join(names, ", "), ")"));
}

}  // namespace phonofilm::families
