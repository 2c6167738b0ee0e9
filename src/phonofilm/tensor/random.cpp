#include "phonofilm/tensor/random.h"

#include <ATen/CPUGeneratorImpl.h>

#include "phonofilm/tensor/ops.h"

namespace phonofilm {

at::Generator make_generator(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }
Tensor randn(const Shape& shape, at::Generator generator) { return at::randn(shape, std::move(generator)); }
Tensor rand_uniform(const Shape& shape, at::Generator generator) { return at::rand(shape, std::move(generator)); }

}  // namespace phonofilm
