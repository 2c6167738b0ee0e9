// The input of fuzz targets that read weights files.
#pragma once

#include <cstdint>
#include <memory>

#include "fuzz/fuzz_text.h"
#include "phonofilm/base/error.h"
#include "phonofilm/weights/file_bytes.h"
#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::fuzz {

// libFuzzer's own buffer, which ends where the input ends, so that the address sanitizer sees every byte read beyond it.
inline weights::FileBytes file_of(const std::uint8_t* data, std::size_t size) {
  return {"fuzz", std::shared_ptr<const char>(std::shared_ptr<void>(), reinterpret_cast<const char*>(data)), size};
}

// Reads the first and the last byte that every tensor reaches.
inline void touch(const weights::TensorMap& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (tensor.numel() == 0) continue;
    std::int64_t last = 0;
    for (std::int64_t axis = 0; axis < tensor.dim(); ++axis) last += (tensor.size(axis) - 1) * tensor.stride(axis);
    const auto* bytes = static_cast<const char*>(tensor.const_data_ptr());
    [[maybe_unused]] const volatile int read = bytes[0] ^ bytes[(last + 1) * std::int64_t(tensor.element_size()) - 1];
  }
}

// Malformed input may only ever end in a CheckpointError; whatever else escapes is a finding.
template <class File>
int parse(const std::uint8_t* data, std::size_t size) {
  try {
    touch(File::parse(file_of(data, size)).tensors());
  } catch (const CheckpointError&) {
  }
  return 0;
}

}  // namespace phonofilm::fuzz
