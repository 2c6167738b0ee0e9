// Shape contracts, checked at public doors.
#pragma once

#include <string_view>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm {

inline constexpr std::int64_t kAny = -1;

std::string shape_text(at::IntArrayRef shape);  // "[2, 13, kAny]" reads "[2, 13, *]"

// Throws ShapeError unless `tensor` is defined and has the expected shape, where kAny matches anything.
//   expect_shape(latent, {kAny, 12, kAny, kAny, kAny}, "mini_video.decode: latent");
void expect_shape(const Tensor& tensor, const Shape& expected, std::string_view where);

}  // namespace phonofilm
