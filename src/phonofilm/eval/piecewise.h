// The course of one coordinate, split into flights (constant acceleration) and rests: where it kinks, something struck.
#pragma once

#include <cstdint>
#include <vector>

namespace phonofilm::eval {

// One coordinate of one object. Frames in which the object was not seen have weight 0.
struct Course {
  std::vector<double> time;    // seconds, increasing
  std::vector<double> value;   // heights
  std::vector<double> weight;  // 0 to 1
};

enum class Motion { flight, rest };

// One stretch of frames that one law of motion explains: value(t) = offset + slope t + acceleration t^2 / 2.
struct Piece {
  std::int64_t first = 0, last = 0;  // frames, both included
  Motion motion = Motion::flight;
  double offset = 0, slope = 0, acceleration = 0;
  double squared_error = 0;  // weighted sum
  double frames_seen = 0;    // sum of the weights

  double at(double time) const { return offset + (slope + 0.5 * acceleration * time) * time; }
  double velocity(double time) const { return slope + acceleration * time; }
};

// Least squares over the frames first..last. A flight needs two seen frames, a rest one; with fewer, the error is
// infinite.
Piece fit_piece(const Course& course, std::int64_t first, std::int64_t last, Motion motion, double acceleration);

struct SplitOptions {
  double smallest_noise = 0.004;  // heights: what centroids in decoded pictures of 96 pixels carry at least
  double largest_noise = 0.008;
  double penalty = 14;             // of one more piece, in units of squared error over noise variance
  double rest_bonus = 3;           // taken off for a rest, which has one free number where a flight has two
};

// The split with the smallest sum of squared errors plus penalties, over all splits (dynamic programming, F^2 fits).
// The noise level is estimated from the second differences of the course itself.
std::vector<Piece> split_course(const Course& course, double acceleration, const SplitOptions& options = {});

}  // namespace phonofilm::eval
