// Filled shapes that drawn things are made of. Lengths in heights, as on the canvas.
#pragma once

#include "phonofilm/world/canvas.h"

namespace phonofilm::world {

struct Oval {
  double x = 0, y = 0;    // centre
  double rx = 0, ry = 0;  // half axes
};

// How far (x, y) is outside an oval's edge, to first order: exact for circles, close near any edge.
inline float distance_to_oval(float x, float y, float rx, float ry) {
  const float u = x / rx, v = y / ry, radius = u * u + v * v;
  const float slope = std::sqrt(u * u / (rx * rx) + v * v / (ry * ry));
  return slope < 1e-6f ? -std::min(rx, ry) : (radius - 1) / (2 * slope);
}

// A rectangle whose corners have the radius `corner`. x, y: from its centre.
inline float distance_to_rounded_box(float x, float y, float half_width, float half_height, float corner) {
  const float dx = std::abs(x) - half_width + corner, dy = std::abs(y) - half_height + corner;
  return std::min(std::max(dx, dy), 0.0f) + std::hypot(std::max(dx, 0.0f), std::max(dy, 0.0f)) - corner;
}

void fill_oval(Canvas& canvas, const Oval& oval, const Color& color, float alpha = 1);
void fill_rounded_box(Canvas& canvas, const Box& box, double corner, const Color& color, float alpha = 1);
// A straight stroke with round ends.
void fill_stroke(Canvas& canvas, double x0, double y0, double x1, double y1, double width, const Color& color,
                 float alpha = 1);

}  // namespace phonofilm::world
