#include "phonofilm/weights/model_folder.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::weights {

void save_model_folder(const std::string& folder, const std::string& type, const nlohmann::json& config,
                       const TensorMap& tensors) {
  make_folder(folder);
  TensorMap stored;
  for (const auto& [name, tensor] : tensors) {
    const bool as_it_is = tensor.element_size() == 1 || name.ends_with(".scale_weight");
    stored[name] = as_it_is ? tensor : tensor.to(at::kBFloat16);
  }
  save_safetensors(folder + "/model.safetensors", stored, {{"type", type}});
  nlohmann::json full = config;
  full["type"] = type;
  save_json(folder + "/config.json", full);
}

ModelFolder open_model_folder(const std::string& folder, const std::string& type) {
  const std::string config_path = folder + "/config.json", weights_path = folder + "/model.safetensors";
  PF_CHECK(std::filesystem::is_directory(folder), CheckpointError, "load", folder,
           ": no such model folder; if a recipe names it, train that stage first");
  nlohmann::json config;
  try {
    config = load_json(config_path);
  } catch (const InvalidRequest& error) {
    throw CheckpointError("load", concat(config_path, " is missing or damaged: ", error.what()));
  }
  const bool named = config.is_object() && config.contains("type") && config["type"].is_string();
  const std::string found = named ? config["type"].get<std::string>() : "";
  PF_CHECK(found == type, CheckpointError, "load", config_path, ": expected a model of type '", type, "', got '", excerpt(found), "'");
  config.erase("type");
  return {weights_path, std::make_shared<nlohmann::json>(std::move(config)), SafetensorsFile::open(weights_path)};
}

}  // namespace phonofilm::weights
