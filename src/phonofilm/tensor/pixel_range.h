// Between the pixels of files, 0 to 255, and the range that networks see, -1 to 1.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm {

// uint8 (or numbers of that range) -> float32 in [-1, 1]; the layout stays.
Tensor to_unit_range(const Tensor& pixels);

// [-1, 1] -> uint8, rounded to nearest, what lies beyond cut off; the layout stays.
Tensor to_pixels(const Tensor& unit);

}  // namespace phonofilm
