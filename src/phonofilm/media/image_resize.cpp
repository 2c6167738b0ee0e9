#include <ATen/ops/_upsample_bicubic2d_aa.h>

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/media/image.h"
#include "phonofilm/media/pixels.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::media {

Tensor resize_exact(const Tensor& image, std::int64_t height, std::int64_t width) {
  expect_image(image, "resize picture");
  PF_CHECK(height > 0 && width > 0, InvalidRequest, "resize picture", "to ", width, "x", height,
           ": both sides must be positive");
  if (image.size(0) == height && image.size(1) == width) return image.contiguous();
  const Tensor planes = image.permute({2, 0, 1}).unsqueeze(0).to(at::kFloat);  // [1, 3, H, W]
  const Tensor scaled = at::_upsample_bicubic2d_aa(planes, {height, width}, false);
  return scaled.squeeze(0).round().clamp(0, 255).to(at::kByte).permute({1, 2, 0}).contiguous();
}

Tensor resize_cover(const Tensor& image, std::int64_t height, std::int64_t width) {
  expect_image(image, "resize picture");
  PF_CHECK(height > 0 && width > 0, InvalidRequest, "resize picture", "to ", width, "x", height,
           ": both sides must be positive");
  // Cutting before scaling keeps the work small for very long pictures; the cut is exact to one source pixel.
  const double scale = std::max(double(height) / double(image.size(0)), double(width) / double(image.size(1)));
  const auto side = [&](std::int64_t target, std::int64_t source) {
    return std::clamp<std::int64_t>(std::llround(double(target) / scale), 1, source);
  };
  const std::int64_t rows = side(height, image.size(0)), columns = side(width, image.size(1));
  const Tensor middle = image.narrow(0, (image.size(0) - rows) / 2, rows);
  return resize_exact(middle.narrow(1, (image.size(1) - columns) / 2, columns), height, width);
}

}  // namespace phonofilm::media
