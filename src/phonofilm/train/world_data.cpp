#include "phonofilm/train/world_data.h"

#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/pixel_range.h"

namespace phonofilm::train {

Tensor frames_to_tensor(const Tensor& frames) {
  return to_unit_range(frames.permute({0, 4, 1, 2, 3}).contiguous());
}

Tensor tensor_to_frames(const Tensor& tensor) {
  return to_pixels(tensor).permute({0, 2, 3, 4, 1}).contiguous();
}

std::uint64_t clip_seed(std::uint64_t seed, const std::string& purpose, std::uint64_t index) {
  return mix_seed(seed, purpose, index);
}

}  // namespace phonofilm::train
