// How NAVA's training begins: the video's side of the backbone takes over the weights of Wan 2.2's video model
// (Wan2.2-TI2V-5B), what hears and what knows voices stays as it was initialised (arXiv 2605.30073;
// docs/families/nava.md, "Training").
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "phonofilm/families/nava/transformer.h"
#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::nava {

// Below the model folder, as Wan publishes it: the index of its shards, or all weights in one file.
inline constexpr const char* kWanIndexFile = "Wan2.2-TI2V-5B/diffusion_pytorch_model.safetensors.index.json";
inline constexpr const char* kWanFile = "Wan2.2-TI2V-5B/diffusion_pytorch_model.safetensors";

// Which of the two is there. Throws CheckpointError where neither is, with the place that it comes from.
std::string wan_weights(const std::string& root);

// A tensor of Wan's and the parameter of NAVA's that takes it over.
struct WanTensor {
  std::string wan, nava;  // "blocks.12.modulation", "single_blocks.2.modulation.modulation"
};
// All of them: Wan's block n is the video's side of double block n, and behind the last of those single block
// n - num_double_layers. 825 tensors at the published size.
std::vector<WanTensor> wan_tensors(const NavaConfig& config);

// Throws CheckpointError where a tensor has 8 bits: they cannot be trained. `path` names their file.
void refuse_eight_bits(const weights::TensorMap& tensors, const std::string& path);

// Throws what start_from_wan would; a declared model is enough, and no value is read.
void check_wan_start(const NavaTransformer& model, const std::string& path);
// Overwrites those parameters of an initialised model, in float32 whatever the file holds. Strict: throws one
// CheckpointError that lists every tensor that is missing, unexpected or of another shape, or names a file of 8 bits,
// and leaves the model as it was.
void start_from_wan(NavaTransformer& model, const std::string& path);

}  // namespace phonofilm::nava
