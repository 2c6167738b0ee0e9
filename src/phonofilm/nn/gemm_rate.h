// The limit of everything that a model takes: how fast this machine multiplies large matrices.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn {

// Floating-point operations per second of products of square matrices in `dtype` on the CPU, with the threads that are
// set: the best of those tried within `seconds`. Other work on the machine makes it lower, never higher.
double gemm_rate(at::ScalarType dtype, double seconds = 0.7);

}  // namespace phonofilm::nn
