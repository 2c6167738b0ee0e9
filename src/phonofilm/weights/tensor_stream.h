// What the writers of weights take: a description of every tensor first, because headers come first, and then the values
// one at a time, so that a file larger than memory needs memory for one tensor only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::weights {

struct TensorSpec {
  std::string name;
  at::ScalarType dtype;
  Shape shape;
};

// Gives the value of a tensor when its turn comes. It may throw, to cancel: nothing of the file is then left.
using TensorSource = std::function<Tensor(const TensorSpec&)>;

// Bytes of a tensor's values. Throws CheckpointError for impossible shapes.
std::uint64_t byte_count(const std::string& path, const TensorSpec& spec);

// Throws CheckpointError for a name that stands twice, naming the file and the tensor.
void require_distinct_names(const std::string& path, const std::vector<TensorSpec>& specs);

// The next value, contiguous on the CPU. Throws CheckpointError where it is not what `spec` announced.
Tensor take(const std::string& path, const TensorSpec& spec, const TensorSource& source);

}  // namespace phonofilm::weights
