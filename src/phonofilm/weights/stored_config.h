// The configuration that some publishers store in a file of weights, beside its tensors.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace phonofilm::weights {

// What the file at `path` holds under `key` (for example "model_config"), always a JSON object:
// - of an archive of torch.save the dictionary of that name in the root dictionary (pickle_json.h says which values may
//   stand in it);
// - of safetensors, or where an archive holds a string, JSON text in the metadata, read strictly (strict_json.h).
// Throws CheckpointError if the file is missing or damaged, or if it holds no such configuration.
nlohmann::json read_stored_config(const std::string& path, const std::string& key);

}  // namespace phonofilm::weights
