#include "phonofilm/eval/pixels.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/eval/statistics.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::eval {

Rgb median_color(const std::vector<Rgb>& colors) {
  Rgb median;
  for (std::size_t c = 0; c < 3; ++c) {
    Values values;
    for (const Rgb& color : colors) values.push_back(color[c]);
    median[c] = median_of(std::move(values));
  }
  return median;
}

Rgb Picture::pixel(std::int64_t row, std::int64_t column) const {
  row = std::clamp<std::int64_t>(row, 0, height_ - 1), column = std::clamp<std::int64_t>(column, 0, width_ - 1);
  const std::uint8_t* p = pixels_ + (row * width_ + column) * 3;
  return {p[0] / 255.0, p[1] / 255.0, p[2] / 255.0};
}

Rgb Picture::at(double x, double y) const {
  const double px = x * double(height_) - 0.5, py = y * double(height_) - 0.5;
  const auto column = std::int64_t(std::floor(px)), row = std::int64_t(std::floor(py));
  const double right = px - double(column), below = py - double(row);
  const Rgb a = pixel(row, column), b = pixel(row, column + 1), c = pixel(row + 1, column),
            d = pixel(row + 1, column + 1);
  Rgb mixed;
  for (std::size_t i = 0; i < 3; ++i) {
    mixed[i] = (a[i] * (1 - right) + b[i] * right) * (1 - below) + (c[i] * (1 - right) + d[i] * right) * below;
  }
  return mixed;
}

Pictures::Pictures(const Tensor& frames) : frames_(frames.contiguous()) {
  PF_CHECK(frames.dim() == 4 && frames.size(3) == 3 && frames.scalar_type() == at::kByte, ShapeError, "read pictures",
           "the frames must be [F, H, W, 3] uint8");
}

Picture Pictures::operator[](std::int64_t frame) const {
  const std::int64_t height = frames_.size(1), width = frames_.size(2);
  return {frames_.const_data_ptr<std::uint8_t>() + frame * height * width * 3, height, width};
}

Rgb Pictures::median_color(std::int64_t row, std::int64_t column) const {
  std::vector<Rgb> colors;
  for (std::int64_t k = 0; k < size(); ++k) colors.push_back((*this)[k].pixel(row, column));
  return eval::median_color(colors);
}

}  // namespace phonofilm::eval
