#include "phonofilm/tensor/shape.h"

#include "phonofilm/base/error.h"

namespace phonofilm {

std::string shape_text(at::IntArrayRef shape) {
  std::vector<std::string> parts;
  for (const std::int64_t size : shape) parts.push_back(size == kAny ? "*" : std::to_string(size));
  return "[" + join(parts, ", ") + "]";
}

void expect_shape(const Tensor& tensor, const Shape& expected, std::string_view where) {
  PF_CHECK(tensor.defined(), ShapeError, "shape", where, ": expected ", shape_text(expected), ", got no tensor");
  bool fits = tensor.dim() == std::int64_t(expected.size());
  for (size_t i = 0; fits && i < expected.size(); ++i) fits = expected[i] == kAny || expected[i] == tensor.size(i);
  PF_CHECK(fits, ShapeError, "shape", where, ": expected ", shape_text(expected), ", got ", shape_text(tensor.sizes()));
}

}  // namespace phonofilm
