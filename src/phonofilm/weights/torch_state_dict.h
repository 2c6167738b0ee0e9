// From the nested dictionaries of a checkpoint to flat names.
#pragma once

#include <map>
#include <string>

#include "phonofilm/weights/tensor_map.h"
#include "phonofilm/weights/torch_objects.h"

namespace phonofilm::weights {

struct StateDict {
  std::map<std::string, TensorRecord> tensors;
  Metadata metadata;
};

// Joins keys by dots: {"generator": {"conv_pre.bias": t}} is generator.conv_pre.bias; tensors inside lists and tuples are
// named by their position. Numbers, strings and flags in dictionaries become metadata ("epoch" -> "12") up to 1000 bytes
// each; None, shapes, longer strings and whatever else stands in lists is left out.
// Throws CheckpointError for a root that is no dictionary, for two values of one name, for keys that are neither strings nor
// whole numbers, and beyond limits that only cyclic or hostile files reach. `pickle_bytes` bounds how much the names may unfold to: dictionaries
// that refer to each other can describe far more names than any memory holds.
StateDict flatten_state_dict(const std::string& path, const PickleValue& root, std::uint64_t pickle_bytes);

}  // namespace phonofilm::weights
