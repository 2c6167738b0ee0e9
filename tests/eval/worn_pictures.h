// What a codec does to pictures, and worse, for tests of what is measured in them.
#pragma once

#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"

namespace phonofilm::test {

// Blurs the pictures (3 x 3 twice), leaks a tenth of either neighbour into every one, adds noise. frames: uint8
// [F, H, W, 3] -> float [F, 3, H, W], 0 to 255 and somewhat beyond.
inline Tensor worn_pictures(const Tensor& frames, const at::Generator& noise) {
  Tensor worn = frames.to(at::kFloat).permute({0, 3, 1, 2});
  const Tensor box = at::ones({3, 1, 3, 3}) / 9.0;
  const std::vector<std::int64_t> one{1, 1}, none{0, 0};
  for (int round = 0; round < 2; ++round) {
    worn = at::conv2d(at::pad(worn, {1, 1, 1, 1}, "replicate"), box, {}, one, none, one, 3);
  }
  const std::int64_t last = worn.size(0) - 1;
  const Tensor before = at::cat({worn.slice(0, 0, 1), worn.slice(0, 0, last)});
  const Tensor after = at::cat({worn.slice(0, 1), worn.slice(0, last)});
  return 0.8 * worn + 0.1 * (before + after) + 4 * randn(worn.sizes().vec(), noise);
}

// The way back: uint8 [F, H, W, 3].
inline Tensor as_pictures(const Tensor& worn) {
  return worn.clamp(0, 255).round().to(at::kByte).permute({0, 2, 3, 1}).contiguous();
}

}  // namespace phonofilm::test
