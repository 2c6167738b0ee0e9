// Streaming writer of the safetensors format (safetensors.h).
#pragma once

#include "phonofilm/weights/tensor_map.h"
#include "phonofilm/weights/tensor_stream.h"

namespace phonofilm::weights {

// Writes the tensors in the order of `specs`, asking `source` for each when its turn comes and letting go of it before the
// next. `path` appears whole or not at all. Throws ResourceError where the disk has no room for all of them, before the
// first value is asked for; CheckpointError for a dtype that the format does not have, a name that stands twice, or a value
// that is not what its spec announced.
void write_safetensors(const std::string& path, const std::vector<TensorSpec>& specs, const TensorSource& source,
                       const Metadata& metadata = {});

}  // namespace phonofilm::weights
