// The anti-aliased SnakeBeta of anti_aliased.h in one pass over memory, for the CPU and without autograd: the doubled
// signal lives in tiles on the stack. Compiled for several instruction sets and chosen at run time.
#pragma once

#include "phonofilm/vocoders/bigvgan/anti_aliased.h"

namespace phonofilm::vocoders {

// As anti_aliased_snake, to float32 rounding. x must be on the CPU.
Tensor fused_snake(const Tensor& x, const SnakeParameters& parameters);

}  // namespace phonofilm::vocoders
