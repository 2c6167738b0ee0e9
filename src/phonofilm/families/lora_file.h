// LoRAs (nn/lora.h) that are added to a model while it is loaded.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::families {

struct LoraFile {
  std::string path;
  double scale = 1;
};

// "voice.safetensors", or "voice.safetensors:0.8" with a scale, which may be 0 or negative. Throws InvalidRequest for an
// empty path and for a scale that is not finite.
LoraFile parse_lora(const std::string& text);

// As a model is called by them: "voice.safetensors:0.8 + other.safetensors"; empty for none.
std::string lora_names(const std::vector<LoraFile>& loras);

// Adds the files, of any format of weights (weights/tensor_file.h), to a model's tensors, one after the other. prefix: as
// of nn::add_lora. Throws CheckpointError for files that cannot be read or are of another model.
void add_loras(weights::TensorMap& tensors, const std::vector<LoraFile>& loras, const std::string& prefix = "");

}  // namespace phonofilm::families
