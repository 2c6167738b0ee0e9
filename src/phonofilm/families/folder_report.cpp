#include "phonofilm/families/folder_report.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::families {
namespace {

void count(PartReport& part, const weights::TensorMap& tensors) {
  std::set<std::string> dtypes;
  for (const auto& [name, tensor] : tensors) {
    ++part.tensors;
    part.parameters += tensor.numel();
    dtypes.insert(weights::dtype_label(tensor.scalar_type()));
  }
  part.dtypes.assign(dtypes.begin(), dtypes.end());
}

}  // namespace

bool FolderReport::complete() const {
  return std::all_of(parts.begin(), parts.end(), [](const PartReport& part) { return part.usable(); });
}

PartReport inspect_file(PartReport part, const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder) / part.file;
  std::error_code failed;
  part.found = std::filesystem::is_regular_file(path, failed);
  if (part.found) part.bytes = std::uint64_t(std::filesystem::file_size(path, failed));
  return part;
}

PartReport inspect_weights(PartReport part, const std::string& folder, const FindMisfits& misfits) {
  part = inspect_file(std::move(part), folder);
  if (!part.found) return part;
  try {
    const weights::TensorFile file = weights::open_tensors(folder + "/" + part.file);
    count(part, file.tensors);
    part.problems = misfits(file.tensors);
  } catch (const Error& error) {
    part.problems.push_back(error.what());
  }
  return part;
}

}  // namespace phonofilm::families
