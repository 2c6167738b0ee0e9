#include "phonofilm/world/impacts_script.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/world/materials.h"

namespace phonofilm::world {
namespace {

constexpr double kSmallest = 0.085, kBiggest = 0.14, kAirAbove = 0.02, kHalfGap = 0.01;
constexpr int kTriesPerCast = 500, kCasts = 40;

// A random item whose name is not `taken`.
template <class Items, class Name>
const auto& pick_other(const Items& items, const std::string& taken, const Name& name, Random& random) {
  while (true) {
    const auto& item = random.pick(items);
    if (name(item) != taken) return item;
  }
}

// The cast is drawn apart from the numbers, so that rejecting numbers does not favour one material or one ball.
// Two balls differ in colour and in material.
std::vector<BallRole> draw_cast(const CastShares& shares, Random& random) {
  std::vector<BallRole> cast(random.chance(shares.two_balls) ? 2 : 1);
  const double fast = cast.size() == 1 ? shares.fast : 0;
  std::string color, material;
  for (BallRole& role : cast) {
    role.color = pick_other(colors(), color, [](const NamedColor& c) { return c.name; }, random);
    role.material = pick_other(materials(), material, [](const std::string& m) { return m; }, random);
    role.high = random.chance(0.5);
    const double drift = random.uniform();
    role.drift = drift < 0.4 * (1 - fast) ? Drift::none : drift < 1 - fast ? Drift::slow : Drift::fast;
    color = role.color.name;
    material = role.material;
  }
  return cast;
}

// Where the edge of a ball may go.
struct Lane {
  double left, right;
};

Lane lane_of(size_t ball, size_t balls, double aspect) {
  const double left = kWallShare * aspect, right = aspect - left, middle = aspect / 2;
  if (balls == 1) return {left, right};
  return ball == 0 ? Lane{left, middle - kHalfGap} : Lane{middle + kHalfGap, right};
}

double draw_drift(Drift drift, bool alone, const Stage& stage, Random& random) {
  const double side = random.chance(0.5) ? 1 : -1;
  const double slow = random.uniform(0.12, 0.25), fast = random.uniform(0.45, 0.8);
  const double shared = random.uniform(0.07, 0.14);
  if (drift == Drift::none) return 0;
  if (drift == Drift::fast) return side * fast * stage.aspect;
  // Two balls keep to their halves however long the film is: they cover the ground that they cover in 2 s.
  return side * stage.aspect * (alone ? slow : shared * std::min(1.0, 2 / stage.seconds));
}

// A starting point from which a slow ball touches no side of its lane; without one, anywhere if it is alone.
std::optional<double> draw_x(const Lane& lane, const BallStart& ball, Drift drift, bool alone, double seconds,
                             Random& random) {
  double low = lane.left + ball.radius, high = lane.right - ball.radius;
  const double where = random.uniform();
  if (low > high) return std::nullopt;
  const double way = drift == Drift::slow ? ball.drift * (seconds - ball.held) : 0;
  if (std::abs(way) < high - low) {
    (way < 0 ? low : high) -= way;
  } else if (!alone) {
    return std::nullopt;
  }
  return low + (high - low) * where;
}

std::optional<BallActor> draw_ball_actor(const BallRole& role, size_t index, size_t balls, const Stage& stage,
                                         Random& random) {
  const bool alone = balls == 1;
  const double size = random.uniform(), scale = std::min(1.0, stage.aspect);  // a narrow picture has smaller balls
  BallStart start;
  start.radius = scale * (kSmallest + (kBiggest - kSmallest) * size);
  start.held = random.uniform(0, 0.35);
  const double room = kFloor - kAirAbove - 2 * start.radius;
  start.fall = role.high ? random.uniform(0.46, std::min(0.60, room)) : random.uniform(0.24, 0.38);
  const double spread = random.uniform(-kRestitutionSpread, kRestitutionSpread);
  start.restitution = material_named(role.material).restitution + spread;
  start.drift = draw_drift(role.drift, alone, stage, random);
  const auto x = draw_x(lane_of(index, balls, stage.aspect), start, role.drift, alone, stage.seconds + kQuietEdge,
                        random);
  if (!x) return std::nullopt;
  start.x = *x;
  const Lane walls = lane_of(0, 1, stage.aspect);
  return BallActor{role, size, BouncingBall(start, walls.left, walls.right, stage.end + 2 * kQuietEdge)};
}

std::vector<Event> all_strikes(const std::vector<BallActor>& balls) {
  std::vector<Event> events;
  for (size_t i = 0; i < balls.size(); ++i) {
    for (const Strike& s : balls[i].path.strikes()) {
      events.push_back({s.time, s.surface, std::int64_t(i), s.x, s.y, s.speed});
    }
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.time < b.time; });
  return events;
}

// The events of the film, if they are well apart, away from both ends, and at least one.
std::optional<std::vector<Event>> playable(std::vector<Event> events, const Stage& stage) {
  const double last = stage.seconds - kQuietEdge, quiet_until = std::max(stage.seconds + kQuietEdge, stage.end);
  std::erase_if(events, [&](const Event& e) { return e.time > quiet_until; });
  if (events.empty() || events.front().time < kQuietEdge || events.back().time > last) return std::nullopt;
  for (size_t i = 1; i < events.size(); ++i) {
    if (events[i].time - events[i - 1].time < kApart) return std::nullopt;
  }
  return events;
}

// A fast ball is there to hit a wall; so is a floor to be hit.
bool as_promised(const std::vector<BallActor>& balls, const std::vector<Event>& events) {
  for (size_t i = 0; i < balls.size(); ++i) {
    bool floor = false, wall = balls[i].role.drift != Drift::fast;
    for (const Event& event : events) {
      if (event.object == std::int64_t(i)) (event.surface == "floor" ? floor : wall) = true;
    }
    if (!floor || !wall) return false;
  }
  return true;
}

std::optional<ImpactsScript> try_script(const std::vector<BallRole>& cast, const Stage& stage, Random& random) {
  ImpactsScript script;
  for (size_t i = 0; i < cast.size(); ++i) {
    auto ball = draw_ball_actor(cast[i], i, cast.size(), stage, random);
    if (!ball) return std::nullopt;
    script.balls.push_back(std::move(*ball));
  }
  auto events = playable(all_strikes(script.balls), stage);
  if (!events || !as_promised(script.balls, *events)) return std::nullopt;
  script.events = std::move(*events);
  return script;
}

}  // namespace

ImpactsScript write_script(std::uint64_t seed, const Stage& stage, const CastShares& shares) {
  for (int c = 0; c < kCasts; ++c) {
    Random random(mix_seed(seed, "impacts cast", std::uint64_t(c)));
    const std::vector<BallRole> cast = draw_cast(shares, random);
    Random numbers(mix_seed(seed, "impacts numbers", std::uint64_t(c)));
    for (int attempt = 0; attempt < kTriesPerCast; ++attempt) {
      if (auto script = try_script(cast, stage, numbers)) return std::move(*script);
    }
  }
  throw InvalidRequest("render", concat("scene impacts: no film of seed ", seed, " fits into ", stage.seconds,
                                        " s at width/height ", stage.aspect, "; ask for 2 to 5 s"));
}

}  // namespace phonofilm::world
