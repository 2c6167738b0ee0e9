// The configuration that some publishers store in a file of weights, beside its tensors.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "phonofilm/weights/file_bytes.h"
#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::weights {

// What a mapped file, whose metadata open_tensors has found, holds under `key` (for example "model_config"), always a
// JSON object:
// - of an archive of torch.save the dictionary of that name in the root dictionary (pickle_json.h says which values may
//   stand in it);
// - of safetensors, or where an archive holds a string, JSON text in the metadata, read strictly (strict_json.h).
// Throws CheckpointError if it holds no such configuration or a damaged one.
nlohmann::json read_stored_config(const FileBytes& file, const Metadata& metadata, const std::string& key);

}  // namespace phonofilm::weights
