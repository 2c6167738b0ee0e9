// NAVA_fp8.safetensors as it is described: matrices of the blocks in float8, a bfloat16 scale per row, all else
// bfloat16.
#pragma once

#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::test {

inline weights::TensorMap as_float8_nava(const weights::TensorMap& published) {
  weights::TensorMap tensors;
  for (const auto& [name, tensor] : published) {
    const bool matrix = name.find("_blocks.") != std::string::npos && tensor.dim() == 2 && name.ends_with(".weight");
    tensors[name] = tensor.to(at::kBFloat16);
    if (!matrix) continue;
    const Tensor scale = (tensor.abs().amax(1) / 448).clamp_min(1e-12).to(at::kBFloat16);
    tensors[name] = (tensor / scale.to(at::kFloat).unsqueeze(1)).to(at::kFloat8_e4m3fn);
    tensors[name.substr(0, name.size() - 6) + "weight_scale"] = scale;
  }
  return tensors;
}

}  // namespace phonofilm::test
