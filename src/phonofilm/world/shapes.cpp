#include "phonofilm/world/shapes.h"

namespace phonofilm::world {

void fill_oval(Canvas& canvas, const Oval& oval, const Color& color, float alpha) {
  const float cx = float(oval.x), cy = float(oval.y), rx = float(oval.rx), ry = float(oval.ry);
  canvas.paint({oval.x - oval.rx, oval.y - oval.ry, oval.x + oval.rx, oval.y + oval.ry}, [&](float x, float y) {
    return Ink{color, alpha * canvas.coverage(distance_to_oval(x - cx, y - cy, rx, ry))};
  });
}

void fill_rounded_box(Canvas& canvas, const Box& box, double corner, const Color& color, float alpha) {
  const float cx = float(box.left + box.right) / 2, cy = float(box.top + box.bottom) / 2;
  const float half_width = float(box.right - box.left) / 2, half_height = float(box.bottom - box.top) / 2;
  canvas.paint(box, [&](float x, float y) {
    const float distance = distance_to_rounded_box(x - cx, y - cy, half_width, half_height, float(corner));
    return Ink{color, alpha * canvas.coverage(distance)};
  });
}

void fill_stroke(Canvas& canvas, double x0, double y0, double x1, double y1, double width, const Color& color,
                 float alpha) {
  const double r = width / 2;
  const float ax = float(x0), ay = float(y0), bx = float(x1 - x0), by = float(y1 - y0);
  const float length = std::max(bx * bx + by * by, 1e-12f);
  const Box box{std::min(x0, x1) - r, std::min(y0, y1) - r, std::max(x0, x1) + r, std::max(y0, y1) + r};
  canvas.paint(box, [&](float x, float y) {
    const float along = std::clamp(((x - ax) * bx + (y - ay) * by) / length, 0.0f, 1.0f);
    const float distance = std::hypot(x - ax - along * bx, y - ay - along * by) - float(r);
    return Ink{color, alpha * canvas.coverage(distance)};
  });
}

}  // namespace phonofilm::world
