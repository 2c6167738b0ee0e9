// Where a sound stands between two loudspeakers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace phonofilm::world {

// The share of an amplitude that goes to one channel: constant power over the pan (0 left, 1 right), all of it where
// there is one channel.
inline double pan_gain(double pan, std::int64_t channel, std::int64_t channels) {
  if (channels == 1) return 1;
  const double angle = std::numbers::pi / 2 * std::clamp(pan, 0.0, 1.0);
  return channel == 0 ? std::cos(angle) : std::sin(angle);
}

}  // namespace phonofilm::world
