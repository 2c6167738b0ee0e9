#include "phonofilm/world/canvas.h"

#include <cstring>

namespace phonofilm::world {

void Canvas::rectangle(const Box& box, const Color& color) {
  const float left = float(box.left), top = float(box.top), right = float(box.right), bottom = float(box.bottom);
  paint(box, [&](float x, float y) {
    return Ink{color, coverage(std::max(left - x, x - right)) * coverage(std::max(top - y, y - bottom))};
  });
}

void Canvas::copy_from(const Canvas& other) { std::memcpy(pixels_, other.pixels_, size_t(height_ * width_ * 3)); }

}  // namespace phonofilm::world
