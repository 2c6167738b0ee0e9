// Quantities over time, tabulated for a truth.
#pragma once

#include <cmath>

#include "phonofilm/world/truth.h"

namespace phonofilm::world {

// value(time) from second 0 to the first step at or after `end`.
template <class Value>
Track make_track(const char* name, std::int64_t object, double end, const Value& value) {
  Track track{name, object, {}};
  const auto last = std::int64_t(std::ceil(end * kTrackRate));
  for (std::int64_t k = 0; k <= last; ++k) track.values.push_back(value(double(k) / kTrackRate));
  return track;
}

}  // namespace phonofilm::world
