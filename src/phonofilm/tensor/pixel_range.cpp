#include "phonofilm/tensor/pixel_range.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm {

Tensor to_unit_range(const Tensor& pixels) { return pixels.to(at::kFloat).div(127.5).sub_(1); }

Tensor to_pixels(const Tensor& unit) { return ((unit + 1) * 127.5).round().clamp(0, 255).to(at::kByte); }

}  // namespace phonofilm
