// A quantity over time, found in a picture or in a sound, and how two of them go together.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace phonofilm::eval {

// Value k is the one at second k * step.
struct Series {
  double step = 1;  // seconds
  std::vector<double> values;
  double seconds() const { return step * double(values.size()); }
};

// Between two values in proportion; beyond the ends the nearest one; 0 for a series without values.
double value_at(const Series& series, double time);

// The mean over `reach` seconds on either side.
Series smoothed(const Series& series, double reach);

// The median over `reach` seconds on either side: what is shorter than that is gone, what is longer keeps its edges.
Series steadied(const Series& series, double reach);

// Pearson's correlation of two lists of equal length; 0 where either does not vary.
double correlation(const std::vector<double>& a, const std::vector<double>& b);

// What `heard` is at the times of `seen`, `lag` seconds later.
std::vector<double> heard_at(const Series& seen, const Series& heard, double lag = 0);

struct Lag {
  double seconds = 0;      // positive: the sound is late
  double correlation = 0;  // at that lag
};
// The lag within +-reach at which the two correlate best: steps of 10 ms, then the vertex of the parabola through the
// best and its neighbours. None where nothing varies or the best is at the end of the range.
std::optional<Lag> best_lag(const Series& seen, const Series& heard, double reach = 0.2);

}  // namespace phonofilm::eval
