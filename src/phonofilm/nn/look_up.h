// 8-bit numbers to wider ones on the CPU. A code has 256 values, so whatever is done with it can be looked up: several
// times faster than LibTorch's conversion of float8_e4m3fn, and scaled in the same pass.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn {

// codes: contiguous, 8-bit, [rows, columns]; table: contiguous, 16- or 32-bit, [1 or rows, 256], indexed by a code's bits
// -> [rows, columns] of the table's dtype.
Tensor look_up(const Tensor& codes, const Tensor& table);

}  // namespace phonofilm::nn
