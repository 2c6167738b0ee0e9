#include "phonofilm/eval/vertex_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "phonofilm/eval/least_squares.h"
#include "phonofilm/eval/statistics.h"

namespace phonofilm::eval {
namespace {

constexpr std::int64_t kWindow = 7;        // frames on either side
constexpr double kNextToStrike = 0.5;      // weight of the two frames next to it, whose blur has both directions
constexpr double kLeastNoise = 0.0005;     // heights: a twentieth of a pixel of 96
constexpr double kReach = 1.5;             // frames beyond the gap in which the strike is looked for

using Row = std::array<double, 3>;  // what place, speed before and speed after contribute to a frame

// The frames around one strike and how they depend on its time.
class Window {
 public:
  Window(const Course& course, const Piece& before, const Piece& after, double acceleration,
         const std::optional<KnownPlace>& known)
      : course_(course),
        first_(std::max(before.first, before.last - kWindow + 1)),
        last_(std::min(after.last, after.first + kWindow - 1)),
        rests_(after.motion == Motion::rest),
        acceleration_(acceleration),
        known_(known) {}

  double frame_time(std::int64_t frame) const { return course_.time[std::size_t(frame)]; }

  // Enough seen frames on both sides of `time` to tell speeds (a rest needs only one).
  bool supports(double time) const {
    int before = 0, after = 0;
    for (std::int64_t f = first_; f <= last_; ++f) {
      if (course_.weight[std::size_t(f)] > 0) ++(frame_time(f) < time ? before : after);
    }
    return before >= 2 && after >= (rests_ ? 1 : 2);
  }

  // The best curve with its vertex at `time`, and its robust cost.
  double fit(double time, Vertex& vertex) const {
    std::vector<double> weights = base_weights(time), solution;
    double cost = 0;
    for (int round = 0; round < 3; ++round) {
      solution = solve(time, weights);
      cost = reweight(time, solution, weights, vertex.noise);
    }
    vertex.time = time;
    vertex.place = solution[0], vertex.speed_before = solution[1], vertex.speed_after = rests_ ? 0 : solution[2];
    return cost;
  }

  std::int64_t frames() const { return last_ - first_ + 1; }

 private:
  Row row(std::int64_t frame, double time) const {
    const double away = frame_time(frame) - time;
    if (away < 0) return {1, away, 0};
    return {1, 0, rests_ ? 0 : away};
  }
  double target(std::int64_t frame, double time) const {
    const double away = frame_time(frame) - time;
    const double bend = away < 0 || !rests_ ? 0.5 * acceleration_ * away * away : 0;
    return course_.value[std::size_t(frame)] - bend;
  }

  std::vector<double> base_weights(double time) const {
    const double gap = frame_time(first_ + 1) - frame_time(first_);
    std::vector<double> weights;
    // Continuous in the strike's time: a step would hold it where a frame comes to stand beside it.
    for (std::int64_t f = first_; f <= last_; ++f) {
      const double away = std::clamp(std::abs(frame_time(f) - time) / gap - 0.5, 0.0, 1.0);
      weights.push_back(course_.weight[std::size_t(f)] * (kNextToStrike + (1 - kNextToStrike) * away));
    }
    return weights;
  }

  std::vector<double> solve(double time, const std::vector<double>& weights) const {
    std::vector<double> a(9, 0.0), b(3, 0.0);
    const auto add = [&](const Row& row, double value, double weight) {
      for (std::size_t i = 0; i < 3; ++i) {
        b[i] += weight * row[i] * value;
        for (std::size_t j = 0; j < 3; ++j) a[i * 3 + j] += weight * row[i] * row[j];
      }
    };
    for (std::int64_t f = first_; f <= last_; ++f) add(row(f, time), target(f, time), weights[std::size_t(f - first_)]);
    if (known_) add({1, 0, 0}, known_->value, place_weight());
    for (std::size_t i = 0; i < 3; ++i) a[i * 3 + i] += 1e-9;  // a rest has no speed to solve for
    return solve_symmetric(std::move(a), std::move(b));
  }

  // In units of one frame's weight, whose own noise is about half a pixel of 96.
  double place_weight() const {
    constexpr double kFrameNoise = 0.005;
    return (kFrameNoise / known_->deviation) * (kFrameNoise / known_->deviation);
  }

  // Huber's weights and cost for the residuals of a solution; `noise` is their robust deviation.
  double reweight(double time, const std::vector<double>& solution, std::vector<double>& weights, double& noise) const {
    std::vector<double> residuals, seen;
    for (std::int64_t f = first_; f <= last_; ++f) {
      const Row r = row(f, time);
      residuals.push_back(target(f, time) - (r[0] * solution[0] + r[1] * solution[1] + r[2] * solution[2]));
      if (course_.weight[std::size_t(f)] > 0) seen.push_back(std::abs(residuals.back()));
    }
    const double freedom = std::max(0.3, 1 - 4.0 / double(seen.size()));  // four numbers have been fitted
    noise = std::max(kLeastNoise, 1.48 * median_of(std::move(seen)) / std::sqrt(freedom));
    const double knee = 2 * std::max(noise, 4 * kLeastNoise);
    const std::vector<double> base = base_weights(time);
    double cost = 0;
    for (std::size_t i = 0; i < residuals.size(); ++i) {
      const double size = std::abs(residuals[i]);
      cost += base[i] * (size < knee ? size * size : knee * (2 * size - knee));
      weights[i] = base[i] * (size < knee ? 1 : knee / size);
    }
    if (known_) cost += place_weight() * (solution[0] - known_->value) * (solution[0] - known_->value);
    return cost;
  }

  const Course& course_;
  std::int64_t first_, last_;
  bool rests_;
  double acceleration_;
  const std::optional<KnownPlace>& known_;
};

// The minimum of cost(time) between `low` and `high`, by a grid of 2 ms and then golden sections.
std::optional<Vertex> search(const Window& window, double low, double high) {
  constexpr double kStep = 0.002;
  Vertex vertex;
  double best_cost = std::numeric_limits<double>::infinity(), best_time = low;
  for (double time = low; time <= high; time += kStep) {
    if (!window.supports(time)) continue;
    const double cost = window.fit(time, vertex);
    if (cost < best_cost) best_cost = cost, best_time = time;
  }
  if (!std::isfinite(best_cost) || best_time <= low || best_time + kStep >= high) return std::nullopt;
  double a = best_time - kStep, b = best_time + kStep;
  constexpr double kGolden = 0.6180339887498949;
  for (int round = 0; round < 12; ++round) {
    const double left = b - kGolden * (b - a), right = a + kGolden * (b - a);
    const bool earlier = window.fit(left, vertex) < window.fit(right, vertex);
    (earlier ? b : a) = earlier ? right : left;
  }
  window.fit(0.5 * (a + b), vertex);
  return vertex;
}

}  // namespace

std::optional<Vertex> fit_vertex(const Course& course, const Piece& before, const Piece& after, double acceleration,
                                 const std::optional<KnownPlace>& known) {
  const Window window(course, before, after, acceleration, known);
  const double frame = course.time[1] - course.time[0];
  auto vertex = search(window, window.frame_time(before.last) - kReach * frame,
                       window.frame_time(after.first) + kReach * frame);
  if (!vertex) return std::nullopt;
  // Two lines of n frames each that meet half a frame beyond their ends: the prediction of each there has a variance of
  // about 4 / n, and the meeting point moves by their difference over the closing speed.
  const double spread = std::sqrt(16.0 / double(window.frames()));
  vertex->time_error = vertex->noise * spread / std::max(0.05, std::abs(vertex->speed_before - vertex->speed_after));
  return vertex;
}

}  // namespace phonofilm::eval
