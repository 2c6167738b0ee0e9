#include "phonofilm/weights/tensor_tally.h"

#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::weights {

void TensorTally::add(const Tensor& tensor) {
  ++tensors;
  parameters += tensor.numel();
  bytes += std::int64_t(tensor.nbytes());
  dtypes.insert(dtype_label(tensor.scalar_type()));
}

TensorTally tally(const TensorMap& tensors) {
  TensorTally sum;
  for (const auto& [name, tensor] : tensors) sum.add(tensor);
  return sum;
}

}  // namespace phonofilm::weights
