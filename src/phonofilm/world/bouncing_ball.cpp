#include "phonofilm/world/bouncing_ball.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace phonofilm::world {

BouncingBall::BouncingBall(const BallStart& start, double left, double right, double until)
    : start_(start), rest_time_(std::numeric_limits<double>::infinity()) {
  bounce(until);
  drift(left, right, until);
  for (Strike& strike : strikes_) {
    // A strike's own coordinate is exact; the other one follows from the path.
    if (strike.surface == "floor") strike.x = x_at(strike.time);
    else strike.y = y_at(strike.time);
  }
  std::sort(strikes_.begin(), strikes_.end(), [](const Strike& a, const Strike& b) { return a.time < b.time; });
}

// t1 = held + sqrt(2 fall / g), v1 = sqrt(2 g fall); then v' = e v, t' = t + 2 v' / g.
void BouncingBall::bounce(double until) {
  double time = start_.held + std::sqrt(2 * start_.fall / kGravity), speed = std::sqrt(2 * kGravity * start_.fall);
  while (time <= until) {
    strikes_.push_back({time, "floor", 0, kFloor - start_.radius, speed});
    speed *= start_.restitution;
    if (speed < kSlowestBounce) speed = 0;
    hops_.push_back({time, speed});
    if (speed == 0) {
      rest_time_ = time;
      return;
    }
    time += 2 * speed / kGravity;
  }
}

void BouncingBall::drift(double left, double right, double until) {
  legs_.push_back({start_.held, start_.x, start_.drift});
  while (legs_.back().velocity != 0) {
    const Leg leg = legs_.back();
    const double wall = leg.velocity < 0 ? left + start_.radius : right - start_.radius;
    const double time = leg.time + (wall - leg.x) / leg.velocity;
    if (time > until) return;
    strikes_.push_back({time, leg.velocity < 0 ? "left wall" : "right wall", wall, 0, std::abs(leg.velocity)});
    legs_.push_back({time, wall, -kWallRestitution * leg.velocity});
  }
}

double BouncingBall::x_at(double time) const {
  const auto starts_later = [](double t, const Leg& leg) { return t < leg.time; };
  const auto after = std::upper_bound(legs_.begin(), legs_.end(), time, starts_later);
  if (after == legs_.begin()) return start_.x;
  const Leg& leg = *(after - 1);
  return leg.x + leg.velocity * (time - leg.time);
}

double BouncingBall::y_at(double time) const {
  const auto starts_later = [](double t, const Hop& hop) { return t < hop.time; };
  const auto after = std::upper_bound(hops_.begin(), hops_.end(), time, starts_later);
  double height;  // of the lowest point above the floor
  if (after == hops_.begin()) {
    const double fallen = std::max(time - start_.held, 0.0);
    height = start_.fall - kGravity * fallen * fallen / 2;
  } else {
    const Hop& hop = *(after - 1);
    const double since = time - hop.time;
    height = hop.speed == 0 ? 0 : hop.speed * since - kGravity * since * since / 2;
  }
  return kFloor - start_.radius - std::max(height, 0.0);
}

BallState BouncingBall::at(double time) const {
  const double x = x_at(time);
  return {x, y_at(time), (x - start_.x) / start_.radius};
}

}  // namespace phonofilm::world
