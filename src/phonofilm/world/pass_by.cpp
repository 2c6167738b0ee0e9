#include "phonofilm/world/pass_by.h"

#include <cmath>
#include <numbers>

namespace phonofilm::world {

double PassBy::distance(double seconds) const { return std::hypot(nearest, position(seconds)); }

// With s = e - time and T = t - time: c^2 (T - s)^2 = nearest^2 + speed^2 s^2, of which the earlier root is meant.
double PassBy::emitted(double seconds) const {
  const double c2 = kSpeedOfSound * kSpeedOfSound, since = seconds - time, a = c2 - speed * speed;
  const double root = std::sqrt(c2 * since * since - a * (c2 * since * since - nearest * nearest) / c2);
  return time + (c2 * since - kSpeedOfSound * root) / a;
}

double PassBy::frequency_ratio(double seconds) const {
  const double e = emitted(seconds), radial = speed * position(e) / distance(e);
  return 1 / (1 + radial / kSpeedOfSound);
}

double PassBy::direction(double seconds) const {
  return 0.5 + std::atan2(position(seconds), nearest) / std::numbers::pi;
}

}  // namespace phonofilm::world
