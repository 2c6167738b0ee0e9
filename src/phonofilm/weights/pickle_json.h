// Plain values of a pickle as JSON: the configuration that a checkpoint holds beside its tensors.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "phonofilm/weights/pickle_value.h"

namespace phonofilm::weights {

// None, flags, whole numbers of 64 bits, finite numbers, strings, lists, tuples (as arrays) and dictionaries with strings
// for keys (as objects). Throws CheckpointError, beginning with `where` and the place inside the value, for anything else
// (tensors, classes, calls), a key that stands twice, more than 16 levels, 4096 values or 65536 bytes of text: a pickle of
// few bytes may refer to itself, or to one value many times.
nlohmann::json plain_json(const std::string& where, const PickleValue& value);

}  // namespace phonofilm::weights
