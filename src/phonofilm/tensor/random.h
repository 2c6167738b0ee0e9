// Tensors of noise from an explicit seed: drawn on the CPU in float32, so that one seed gives one clip on any
// device. LibTorch's CPU generator is PyTorch's: the same seed gives the same numbers.
#pragma once

#include <ATen/core/Generator.h>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm {

at::Generator make_generator(std::uint64_t seed);
Tensor randn(const Shape& shape, at::Generator generator);                // float32, N(0, 1)
Tensor rand_uniform(const Shape& shape, at::Generator generator);         // float32, [0, 1)

}  // namespace phonofilm
