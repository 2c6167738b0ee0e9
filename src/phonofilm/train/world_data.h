// Rendered clips as training data.
#pragma once

#include <string>

#include "phonofilm/tensor/clip.h"
#include "phonofilm/world/world.h"

namespace phonofilm::train {

// uint8 [B, F, H, W, 3] -> float32 [B, 3, F, H, W] in [-1, 1], and back (clamped and rounded).
Tensor frames_to_tensor(const Tensor& frames);
Tensor tensor_to_frames(const Tensor& tensor);

// The world's seed of the index-th clip of a purpose: "train" and "validation" clips never coincide.
std::uint64_t clip_seed(std::uint64_t seed, const std::string& purpose, std::uint64_t index);

}  // namespace phonofilm::train
