#include "phonofilm/weights/tensor_stream.h"

#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/tensor_layout.h"

namespace phonofilm::weights {

std::uint64_t byte_count(const std::string& path, const TensorSpec& spec) {
  return byte_count(concat(path, ": tensor \"", spec.name, "\""), spec.dtype, spec.shape);
}

void require_distinct_names(const std::string& path, const std::vector<TensorSpec>& specs) {
  std::set<std::string> names;
  for (const TensorSpec& spec : specs) {
    PF_CHECK(names.insert(spec.name).second, CheckpointError, "save", path, ": tensor \"", spec.name, "\" stands twice");
  }
}

Tensor take(const std::string& path, const TensorSpec& spec, const TensorSource& source) {
  const Tensor value = source(spec);
  PF_CHECK(value.defined(), CheckpointError, "save", path, ": tensor \"", spec.name, "\" has no value");
  PF_CHECK(value.scalar_type() == spec.dtype && value.sizes() == at::IntArrayRef(spec.shape), CheckpointError, "save", path,
           ": tensor \"", spec.name, "\": announced ", shape_text(spec.shape), " ", c10::toString(spec.dtype), ", got ",
           shape_text(value.sizes()), " ", c10::toString(value.scalar_type()));
  return value.detach().cpu().contiguous();
}

}  // namespace phonofilm::weights
