// What a forward pass needs to know besides its inputs. Passed by const reference; there are no globals.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn {

enum class AttentionBackend {
  fused,     // LibTorch's flash attention: least memory, fastest forward pass
  explicit_  // matmul, softmax, matmul: on a CPU in bfloat16 its backward pass is much the faster one
};

struct RunContext {
  at::ScalarType dtype = at::kFloat;  // of matrix products; statistics, RoPE and modulation stay in float32
  AttentionBackend attention = AttentionBackend::fused;
};

}  // namespace phonofilm::nn
