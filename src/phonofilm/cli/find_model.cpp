#include "phonofilm/cli/find_model.h"

#include <filesystem>

namespace phonofilm::cli {

namespace fs = std::filesystem;

std::string find_model(const std::string& folder) {
  if (fs::exists(folder) || fs::path(folder).is_absolute()) return folder;
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  for (fs::path at = program.parent_path(); !failed && at.has_relative_path(); at = at.parent_path()) {
    if (fs::is_directory(at / folder)) return (at / folder).string();
  }
  return folder;
}

}  // namespace phonofilm::cli
