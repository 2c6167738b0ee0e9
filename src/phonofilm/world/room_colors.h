// Walls and floors.
#pragma once

#include "phonofilm/base/random.h"
#include "phonofilm/world/canvas.h"

namespace phonofilm::world {

// A grey between two brightnesses with a slight tint.
inline Color draw_tinted_grey(Random& random, double low, double high, double tint = 0.04) {
  const double brightness = random.uniform(low, high);
  const auto part = [&] { return float(brightness * random.uniform(1 - tint, 1 + tint)); };
  const float red = part(), green = part(), blue = part();
  return {red, green, blue};
}

}  // namespace phonofilm::world
