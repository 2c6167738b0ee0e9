#include "phonofilm/eval/piecewise.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace phonofilm::eval {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Weighted sums over a stretch; those of [first, last] are a difference of two prefixes.
struct Sums {
  double w = 0, t = 0, tt = 0, z = 0, tz = 0, zz = 0, y = 0, yy = 0;

  void add(double weight, double time, double straight, double value) {
    w += weight, t += weight * time, tt += weight * time * time;
    z += weight * straight, tz += weight * time * straight, zz += weight * straight * straight;
    y += weight * value, yy += weight * value * value;
  }
  Sums operator-(const Sums& o) const {
    return {w - o.w, t - o.t, tt - o.tt, z - o.z, tz - o.tz, zz - o.zz, y - o.y, yy - o.yy};
  }
};

double straightened(const Course& course, std::size_t frame, double acceleration) {
  return course.value[frame] - 0.5 * acceleration * course.time[frame] * course.time[frame];
}

Sums sums_of(const Course& course, std::int64_t first, std::int64_t last, double acceleration) {
  Sums sums;
  for (auto f = std::size_t(first); f <= std::size_t(last); ++f) {
    if (course.weight[f] > 0) {
      sums.add(course.weight[f], course.time[f], straightened(course, f, acceleration), course.value[f]);
    }
  }
  return sums;
}

Piece fit_sums(const Sums& s, Motion motion, double acceleration) {
  Piece piece;
  piece.motion = motion;
  piece.frames_seen = s.w;
  piece.squared_error = kInfinity;
  if (motion == Motion::rest) {
    if (s.w < 0.25) return piece;
    piece.offset = s.y / s.w;
    piece.squared_error = std::max(0.0, s.yy - s.y * s.y / s.w);
    return piece;
  }
  const double spread = s.w > 0 ? s.tt - s.t * s.t / s.w : 0;
  if (spread < 1e-9) return piece;
  const double covariance = s.tz - s.t * s.z / s.w;
  piece.acceleration = acceleration;
  piece.slope = covariance / spread;
  piece.offset = (s.z - piece.slope * s.t) / s.w;
  piece.squared_error = std::max(0.0, s.zz - s.z * s.z / s.w - covariance * covariance / spread);
  return piece;
}

double noise_level(const Course& course, double acceleration, const SplitOptions& options) {
  std::vector<double> bends;
  for (std::size_t f = 1; f + 1 < course.value.size(); ++f) {
    if (course.weight[f - 1] * course.weight[f] * course.weight[f + 1] <= 0) continue;
    const double bend = straightened(course, f - 1, acceleration) - 2 * straightened(course, f, acceleration) +
                        straightened(course, f + 1, acceleration);
    bends.push_back(std::abs(bend));
  }
  if (bends.empty()) return options.smallest_noise;
  const auto middle = bends.begin() + std::ptrdiff_t(bends.size() / 2);
  std::nth_element(bends.begin(), middle, bends.end());
  constexpr double kDeviationOverMedian = 1.4826, kSecondDifferenceGain = 2.449;  // sqrt(1 + 4 + 1)
  return std::clamp(*middle * kDeviationOverMedian / kSecondDifferenceGain, options.smallest_noise,
                    options.largest_noise);
}

struct Choice {
  double cost = kInfinity;
  std::int64_t first = 0;
  Motion motion = Motion::flight;
};

}  // namespace

Piece fit_piece(const Course& course, std::int64_t first, std::int64_t last, Motion motion, double acceleration) {
  Piece piece = fit_sums(sums_of(course, first, last, acceleration), motion, acceleration);
  piece.first = first;
  piece.last = last;
  return piece;
}

std::vector<Piece> split_course(const Course& course, double acceleration, const SplitOptions& options) {
  const auto frames = std::int64_t(course.value.size());
  const double noise = noise_level(course, acceleration, options), variance = noise * noise;
  std::vector<Sums> prefix(std::size_t(frames) + 1);
  for (std::int64_t f = 0; f < frames; ++f) {
    prefix[std::size_t(f) + 1] = prefix[std::size_t(f)] - (Sums{} - sums_of(course, f, f, acceleration));
  }
  std::vector<Choice> best(std::size_t(frames) + 1);  // best[n]: the cheapest split of the first n frames
  best[0].cost = 0;
  for (std::int64_t end = 1; end <= frames; ++end) {
    for (std::int64_t first = 0; first < end; ++first) {
      const Sums sums = prefix[std::size_t(end)] - prefix[std::size_t(first)];
      for (const Motion motion : {Motion::flight, Motion::rest}) {
        const double error = fit_sums(sums, motion, acceleration).squared_error / variance;
        const double price = options.penalty - (motion == Motion::rest ? options.rest_bonus : 0);
        const double cost = best[std::size_t(first)].cost + error + price;
        if (cost < best[std::size_t(end)].cost) best[std::size_t(end)] = {cost, first, motion};
      }
    }
  }
  std::vector<Piece> pieces;
  for (std::int64_t end = frames; end > 0 && std::isfinite(best[std::size_t(end)].cost);) {
    const Choice& choice = best[std::size_t(end)];
    pieces.push_back(fit_piece(course, choice.first, end - 1, choice.motion, acceleration));
    end = choice.first;
  }
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

}  // namespace phonofilm::eval
