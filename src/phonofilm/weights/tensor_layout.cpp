#include "phonofilm/weights/tensor_layout.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::weights {
namespace {

constexpr std::uint64_t kMaxBytes = std::numeric_limits<std::int64_t>::max();

bool add_product(std::uint64_t a, std::uint64_t b, std::uint64_t& sum) {
  std::uint64_t product = 0;
  return !__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(sum, product, &sum);
}

bool any_negative(const Shape& numbers) {
  return std::any_of(numbers.begin(), numbers.end(), [](std::int64_t number) { return number < 0; });
}

bool lies_within(const TensorLayout& layout, std::uint64_t elements) {
  std::uint64_t last = std::uint64_t(layout.offset);  // index of the last element
  for (std::size_t axis = 0; axis < layout.shape.size(); ++axis) {
    if (layout.shape[axis] == 0) return std::uint64_t(layout.offset) <= elements;
    const auto steps = std::uint64_t(layout.shape[axis] - 1), stride = std::uint64_t(layout.strides[axis]);
    if (!add_product(steps, stride, last)) return false;
  }
  return last < elements;
}

}  // namespace

std::uint64_t byte_count(const std::string& where, at::ScalarType dtype, const Shape& shape) {
  std::uint64_t bytes = c10::elementSize(dtype);
  bool possible = shape.size() <= kMaxRank, empty = false;
  for (const std::int64_t size : shape) {
    empty = empty || size == 0;
    possible = possible && size >= 0 && !__builtin_mul_overflow(bytes, std::uint64_t(std::max<std::int64_t>(size, 1)), &bytes);
  }
  PF_CHECK(possible && bytes <= kMaxBytes, CheckpointError, "load", where, ": impossible shape ", shape_text(shape));
  return empty ? 0 : bytes;
}

Shape contiguous_strides(const Shape& shape) {
  Shape strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= std::max<std::int64_t>(shape[axis], 1);
  }
  return strides;
}

void check_layout(const std::string& where, const TensorLayout& layout, std::uint64_t storage_bytes) {
  const std::uint64_t needed = byte_count(where, layout.dtype, layout.shape);
  const std::uint64_t elements = storage_bytes / c10::elementSize(layout.dtype);
  PF_CHECK(layout.strides.size() == layout.shape.size() && !any_negative(layout.strides) && layout.offset >= 0, CheckpointError,
           "load", where, ": impossible strides ", shape_text(layout.strides), " or offset ", layout.offset, " for shape ",
           shape_text(layout.shape));
  PF_CHECK(lies_within(layout, elements), CheckpointError, "load", where, ": ",
           shape_text(layout.shape), " with strides ", shape_text(layout.strides), " from element ", layout.offset,
           " on reaches beyond its storage of ", elements, " elements");
  PF_CHECK(needed <= storage_bytes, CheckpointError, "load", where, ": ", shape_text(layout.shape), " repeats the ", elements,
           " elements of its storage (an expanded tensor); store it with .contiguous()");
}

std::shared_ptr<const char> aligned_bytes(const FileBytes& file, std::string_view bytes, std::size_t alignment) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment == 0;
  if (aligned || bytes.empty()) return {file.owner(), bytes.data()};
  const auto copy = std::make_shared<Tensor>(at::empty({std::int64_t(bytes.size())}, at::kByte));
  std::memcpy(copy->data_ptr(), bytes.data(), bytes.size());
  return {copy, static_cast<const char*>(copy->data_ptr())};
}

Tensor view_of(const std::shared_ptr<const char>& storage, const TensorLayout& layout) {
  const std::uint64_t skipped = std::uint64_t(layout.offset) * c10::elementSize(layout.dtype);
  char* data = const_cast<char*>(storage.get()) + skipped;
  return at::from_blob(data, layout.shape, layout.strides, [storage](void*) {}, at::TensorOptions().dtype(layout.dtype));
}

}  // namespace phonofilm::weights
