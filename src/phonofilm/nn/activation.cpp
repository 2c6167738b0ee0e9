#include "phonofilm/nn/activation.h"

#include "phonofilm/nn/fused.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nn {

Tensor gelu_tanh(const Tensor& x) { return fused::accepts(x) ? fused::gelu_tanh(x) : at::gelu(x, "tanh"); }

}  // namespace phonofilm::nn
