// A network of a checkpoint folder before anything is loaded: its declared parameters, and the file they are stored in.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/nn/module.h"
#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::families {

struct Network {
  std::string file;                   // below the folder: "MMAudio/ext_weights/best_netG.pt"
  std::string under{};                // what its names stand under in the file: "generator"
  at::ScalarType dtype = at::kFloat;  // that the publisher stores it in
  std::unique_ptr<nn::Module> model{};  // declared, not allocated
  // A file's tensors by the names that the model has, where publishers spell them in several ways; undefined: as they
  // are.
  std::function<weights::TensorMap(const weights::TensorMap&)> by_own_names{};

  std::map<std::string, std::string> metadata{};  // that its file carries, where that is safetensors

  // Some tensors of a file keep a wider dtype: norms and biases beside float8 matrices.
  at::ScalarType dtype_of(const std::string& tensor) const;
  // Every missing, unexpected and mis-shaped tensor of an opened file, a line each; reads no value.
  std::vector<std::string> misfits(const weights::TensorMap& tensors) const;
};

// The JSON file at a path, an empty object where there is none. Throws InvalidRequest for a damaged one.
nlohmann::json optional_json(const std::string& path);

}  // namespace phonofilm::families
