// Who plays in an "impacts" film and what happens: drawn from a seed, by rejection until every strike stands alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phonofilm/world/bouncing_ball.h"
#include "phonofilm/world/scene.h"
#include "phonofilm/world/world.h"

namespace phonofilm::world {

inline constexpr double kWallShare = 0.04;   // of the picture's width, on either side
inline constexpr double kQuietEdge = 0.12;   // seconds without a strike at the beginning and the end
inline constexpr double kApart = 0.10;       // seconds between any two strikes of a film, at least

enum class Drift { none, slow, fast };

struct BallRole {
  NamedColor color;
  std::string material;
  bool high = false;  // falls from high up
  Drift drift = Drift::none;
};

struct BallActor {
  BallRole role;
  double size = 0;  // 0 the smallest, 1 the biggest ball there is
  BouncingBall path;
};

struct ImpactsScript {
  std::vector<BallActor> balls;  // two of them: from left to right
  std::vector<Event> events;     // in order of time, all before Stage::seconds - kQuietEdge
};

// How often the harder casts are drawn.
struct CastShares {
  double two_balls = 0.25;
  double fast = 0.25;  // of balls that are alone: fast enough to hit a wall
};

// Throws InvalidRequest where no film of this seed fits the stage.
ImpactsScript write_script(std::uint64_t seed, const Stage& stage, const CastShares& shares = {});

}  // namespace phonofilm::world
