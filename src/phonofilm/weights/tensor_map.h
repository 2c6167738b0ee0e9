// What every weights file comes down to, whatever its format.
#pragma once

#include <map>
#include <string>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::weights {

using TensorMap = std::map<std::string, Tensor>;
using Metadata = std::map<std::string, std::string>;

}  // namespace phonofilm::weights
