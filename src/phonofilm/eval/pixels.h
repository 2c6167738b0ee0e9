// Pixels of a film in the lengths that the world is described in.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::eval {

using Rgb = std::array<double, 3>;  // 0 to 1

// Channel by channel; 0 for none.
Rgb median_color(const std::vector<Rgb>& colors);

inline double luma(const Rgb& c) { return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]; }

// A view of one picture, height x width x 3 bytes that somebody else owns. x and y are in heights of the picture.
class Picture {
 public:
  Picture(const std::uint8_t* pixels, std::int64_t height, std::int64_t width)
      : pixels_(pixels), height_(height), width_(width) {}
  double aspect() const { return double(width_) / double(height_); }
  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  Rgb pixel(std::int64_t row, std::int64_t column) const;  // coordinates outside are moved to the edge
  Rgb at(double x, double y) const;                        // bilinear between the centres of pixels

 private:
  const std::uint8_t* pixels_;
  std::int64_t height_, width_;
};

// Views of the frames of a film [F, H, W, 3] uint8, which must outlive them. Throws ShapeError for other shapes.
class Pictures {
 public:
  explicit Pictures(const Tensor& frames);
  std::int64_t size() const { return frames_.size(0); }
  Picture operator[](std::int64_t frame) const;
  // What a pixel is most of the time.
  Rgb median_color(std::int64_t row, std::int64_t column) const;

 private:
  Tensor frames_;
};

}  // namespace phonofilm::eval
