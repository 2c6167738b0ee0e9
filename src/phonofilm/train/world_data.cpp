#include "phonofilm/train/world_data.h"

#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::train {

Tensor frames_to_tensor(const Tensor& frames) {
  return frames.permute({0, 4, 1, 2, 3}).contiguous().to(at::kFloat).div_(127.5).sub_(1);
}

Tensor tensor_to_frames(const Tensor& tensor) {
  return ((tensor + 1) * 127.5).round().clamp(0, 255).to(at::kByte).permute({0, 2, 3, 4, 1}).contiguous();
}

std::uint64_t clip_seed(std::uint64_t seed, const std::string& purpose, std::uint64_t index) {
  return mix_seed(seed, purpose, index);
}

}  // namespace phonofilm::train
