// The closed-form path of a ball that is held, falls, bounces and may drift from wall to wall. No time steps: the
// state at any time and the time of every strike are exact.
#pragma once

#include <string>
#include <vector>

namespace phonofilm::world {

inline constexpr double kGravity = 4.06;         // heights / s^2
inline constexpr double kFloor = 0.86;           // y that the ball's lowest point touches
inline constexpr double kWallRestitution = 0.8;  // of the speed normal to a wall
inline constexpr double kSlowestBounce = 0.5;    // heights / s: a rebound slower than this does not happen

// All lengths in heights, from the top left corner.
struct BallStart {
  double radius = 0.1;
  double x = 0.5;            // centre
  double fall = 0.4;         // how far the lowest point is above the floor
  double held = 0;           // seconds before it is let go
  double drift = 0;          // sideways speed after that, heights / s, positive to the right
  double restitution = 0.7;  // speed after a bounce on the floor / speed before it
};

struct Strike {
  double time = 0;
  std::string surface;  // "floor", "left wall", "right wall"
  double x = 0, y = 0;  // centre of the ball
  double speed = 0;     // normal to the surface, before the strike
};

struct BallState {
  double x = 0, y = 0;  // centre
  double turn = 0;      // radians, clockwise, as if the ball had rolled the way it went
};

class BouncingBall {
 public:
  // left, right: the inner edges of the walls. until: strikes after this time are not computed.
  BouncingBall(const BallStart& start, double left, double right, double until);

  const BallStart& start() const { return start_; }
  BallState at(double time) const;
  const std::vector<Strike>& strikes() const { return strikes_; }  // in order of time
  // When it touches the floor for good, or a time after `until`.
  double rest_time() const { return rest_time_; }

 private:
  // Free flight from the floor at `time` with `speed` upwards.
  struct Hop {
    double time, speed;
  };
  // Steady sideways motion from `x` at `time`.
  struct Leg {
    double time, x, velocity;
  };
  void bounce(double until);
  void drift(double left, double right, double until);
  double x_at(double time) const;
  double y_at(double time) const;

  BallStart start_;
  std::vector<Hop> hops_;
  std::vector<Leg> legs_;
  std::vector<Strike> strikes_;
  double rest_time_;
};

}  // namespace phonofilm::world
