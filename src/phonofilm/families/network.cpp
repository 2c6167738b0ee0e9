#include "phonofilm/families/network.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/fields.h"

namespace phonofilm::families {

at::ScalarType Network::dtype_of(const std::string& tensor) const {
  const bool wide = tensor.find("norm") != std::string::npos || tensor.find("bias") != std::string::npos;
  return dtype == at::kFloat8_e4m3fn && wide ? at::kBFloat16 : dtype;
}

std::vector<std::string> Network::misfits(const weights::TensorMap& tensors) const {
  return model->misfits(by_own_names ? by_own_names(tensors) : tensors, under.empty() ? "" : under + ".");
}

nlohmann::json optional_json(const std::string& path) {
  return std::filesystem::exists(path) ? load_json(path) : nlohmann::json::object();
}

}  // namespace phonofilm::families
