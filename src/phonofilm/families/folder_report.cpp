#include "phonofilm/families/folder_report.h"

#include <algorithm>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/weights/tensor_file.h"
#include "phonofilm/weights/tensor_tally.h"

namespace phonofilm::families {

bool FolderReport::complete() const {
  return std::none_of(parts.begin(), parts.end(), [](const PartReport& part) { return part.fault(); });
}

PartReport inspect_file(PartReport part, const std::string& folder) {
  const std::string path = folder + "/" + part.file;
  std::error_code failed;
  part.found = is_file(path);
  if (part.found) part.bytes = std::uint64_t(std::filesystem::file_size(path, failed));
  return part;
}

PartReport inspect_weights(PartReport part, const std::string& folder, const FindMisfits& misfits) {
  part = inspect_file(std::move(part), folder);
  if (!part.found) return part;
  try {
    const weights::TensorFile file = weights::open_tensors(folder + "/" + part.file);
    const weights::TensorTally tally = weights::tally(file.tensors);
    part.tensors = tally.tensors;
    part.parameters = tally.parameters;
    part.dtypes.assign(tally.dtypes.begin(), tally.dtypes.end());
    part.problems = misfits(file.tensors);
  } catch (const Error& error) {
    part.problems.push_back(error.what());
  }
  return part;
}

}  // namespace phonofilm::families
