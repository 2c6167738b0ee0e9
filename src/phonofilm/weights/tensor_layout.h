// Where a file says that a tensor lies, checked with arithmetic that cannot overflow, and the view of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "phonofilm/tensor/tensor.h"
#include "phonofilm/weights/file_bytes.h"

namespace phonofilm::weights {

inline constexpr std::size_t kMaxRank = 16;

// Offset and strides count elements, as LibTorch's own do.
struct TensorLayout {
  at::ScalarType dtype = at::kFloat;
  Shape shape, strides;
  std::int64_t offset = 0;
};

// Bytes of a contiguous tensor. Throws CheckpointError for negative sizes, more than kMaxRank axes, and products that
// overflow, even where a zero would hide it; `where` begins the message.
std::uint64_t byte_count(const std::string& where, at::ScalarType dtype, const Shape& shape);

// The strides of a contiguous tensor, whose shape byte_count has accepted.
Shape contiguous_strides(const Shape& shape);

// Throws CheckpointError unless every element lies within `storage_bytes`. A tensor that repeats elements (stride 0, an
// expanded one) may not have more of them than the storage: whoever copied it would allocate what the file only claims.
void check_layout(const std::string& where, const TensorLayout& layout, std::uint64_t storage_bytes);

// `bytes` of `file` where they lie, or a copy if they do not begin at a multiple of `alignment`: a misaligned view would
// be undefined behaviour.
std::shared_ptr<const char> aligned_bytes(const FileBytes& file, std::string_view bytes, std::size_t alignment);

// A tensor over `storage`, which it keeps alive. It must not be written to: files are mapped read-only.
Tensor view_of(const std::shared_ptr<const char>& storage, const TensorLayout& layout);

}  // namespace phonofilm::weights
