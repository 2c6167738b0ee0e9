// What tensors amount to, for people: their number, size and dtypes.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::weights {

struct TensorTally {
  std::int64_t tensors = 0, parameters = 0, bytes = 0;
  std::set<std::string> dtypes{};  // by their safetensors names

  void add(const Tensor& tensor);
};

TensorTally tally(const TensorMap& tensors);

}  // namespace phonofilm::weights
