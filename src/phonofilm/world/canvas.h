// Anti-aliased drawing into 8-bit RGB, in units of the picture's height, so that a scene never knows about pixels.
//
// Shapes are signed distances d (negative inside), measured in pixels at the last moment: a shape covers
// clamp(1/2 - d, 0, 1) of a pixel, which is exact for a straight edge along an axis and close for the rest.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace phonofilm::world {

struct Color {
  float red = 0, green = 0, blue = 0;  // 0 to 1
};

inline Color operator*(const Color& c, float factor) { return {c.red * factor, c.green * factor, c.blue * factor}; }
// a where amount = 0, b where amount = 1.
inline Color mix(const Color& a, const Color& b, float amount) {
  return {a.red + (b.red - a.red) * amount, a.green + (b.green - a.green) * amount,
          a.blue + (b.blue - a.blue) * amount};
}

// What a brush leaves on one pixel.
struct Ink {
  Color color;
  float alpha = 0;  // 0 leaves the pixel alone, 1 replaces it
};

// The part of the picture that a brush may touch, in heights.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
};

// A view of one frame: height x width x 3 bytes that somebody else owns. x runs from 0 to aspect(), y from 0 to 1.
class Canvas {
 public:
  Canvas(std::uint8_t* pixels, std::int64_t height, std::int64_t width)
      : pixels_(pixels), height_(height), width_(width) {}

  double aspect() const { return double(width_) / double(height_); }
  // Turns a distance in heights into one in pixels.
  float pixels_per_height() const { return float(height_); }
  // The share of a pixel that a shape covers whose edge is `distance` heights away (negative: inside).
  float coverage(float distance) const { return std::clamp(0.5f - distance * float(height_), 0.0f, 1.0f); }

  void rectangle(const Box& box, const Color& color);
  void copy_from(const Canvas& other);  // of the same size

  // Calls brush(x, y) -> Ink at the centre of every pixel that `box` touches, and blends what it returns.
  template <class Brush>
  void paint(const Box& box, const Brush& brush);

 private:
  static void blend(std::uint8_t* pixel, const Ink& ink);
  // The pixel that holds a coordinate, moved by `margin` pixels and kept within [0, count].
  std::int64_t pixel_at(double coordinate, std::int64_t margin, std::int64_t count) const {
    return std::clamp(std::int64_t(std::floor(coordinate * double(height_))) + margin, std::int64_t{0}, count);
  }

  std::uint8_t* pixels_;
  std::int64_t height_, width_;
};

inline void Canvas::blend(std::uint8_t* pixel, const Ink& ink) {
  const float parts[3] = {ink.color.red, ink.color.green, ink.color.blue};
  for (int c = 0; c < 3; ++c) {
    const float old = float(pixel[c]);
    pixel[c] = std::uint8_t(old + (std::clamp(parts[c], 0.0f, 1.0f) * 255 - old) * ink.alpha + 0.5f);
  }
}

template <class Brush>
void Canvas::paint(const Box& box, const Brush& brush) {
  // One pixel of margin on every side, for edges that cover part of it.
  const std::int64_t first_row = pixel_at(box.top, -1, height_), last_row = pixel_at(box.bottom, 2, height_);
  const std::int64_t first = pixel_at(box.left, -1, width_), last = pixel_at(box.right, 2, width_);
  const float pixel = 1 / float(height_);
  for (std::int64_t i = first_row; i < last_row; ++i) {
    const float y = (float(i) + 0.5f) * pixel;
    for (std::int64_t j = first; j < last; ++j) {
      const Ink ink = brush((float(j) + 0.5f) * pixel, y);
      if (ink.alpha > 0) blend(pixels_ + (i * width_ + j) * 3, ink);
    }
  }
}

}  // namespace phonofilm::world
