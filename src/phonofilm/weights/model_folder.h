// A model on disk: a folder with config.json ({"type": "...", its options}) and model.safetensors.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "phonofilm/base/error.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::weights {

// Stores the tensors as bfloat16 (half the size; what the networks compute with), but matrices of 8 bits and their
// scales ("<layer>.scale_weight") as they are.
void save_model_folder(const std::string& folder, const std::string& type, const nlohmann::json& config,
                       const TensorMap& tensors);

struct ModelFolder {
  std::string path;  // of the weights, for messages
  std::shared_ptr<const nlohmann::json> config;  // without "type"
  SafetensorsFile weights;
};

// Throws CheckpointError if a file is missing or damaged or the folder holds another type of model.
ModelFolder open_model_folder(const std::string& folder, const std::string& type);

// Returns what `load` does; options that describe no such model (InvalidRequest) are the folder's fault: CheckpointError.
template <class Load>
auto load_described(const std::string& folder, const std::string& type, const Load& load) {
  try {
    return load();
  } catch (const InvalidRequest& error) {
    throw CheckpointError("load", concat(folder, "/config.json does not describe a ", type, ": ", error.what()));
  }
}

}  // namespace phonofilm::weights
