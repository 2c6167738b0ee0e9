#include "phonofilm/eval/readings.h"

#include <algorithm>
#include <cmath>

namespace phonofilm::eval {

Values nearest_ms(const std::vector<double>& from, const std::vector<double>& to, double missing) {
  Values ways;
  for (const double time : from) {
    double nearest = missing;
    for (const double other : to) nearest = std::min(nearest, std::abs(other - time));
    ways.push_back(1000 * nearest);
  }
  return ways;
}

}  // namespace phonofilm::eval
