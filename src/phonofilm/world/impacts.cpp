#include "phonofilm/world/impacts.h"

#include <cmath>
#include <numbers>

#include "phonofilm/base/random.h"
#include "phonofilm/world/ball_look.h"
#include "phonofilm/world/impacts_caption.h"
#include "phonofilm/world/impacts_script.h"
#include "phonofilm/world/materials.h"
#include "phonofilm/world/tracks.h"

namespace phonofilm::world {
namespace {

constexpr double kFloorTop = 0.73;  // the floor as seen from slightly above; balls touch it at kFloor
constexpr double kLoudness = 0.22, kLoudSpeed = 2.19;  // a strike at this speed (heights / s) has this amplitude
constexpr double kNoiseFloor = 2e-4;

// Nearly grey, so that saturation alone tells the balls from the room.
Color draw_grey(Random& random, double low, double high) {
  const double brightness = random.uniform(low, high);
  const auto part = [&] { return float(brightness * random.uniform(0.97, 1.03)); };
  const float red = part(), green = part(), blue = part();
  return {red, green, blue};
}

class Impacts : public Scene {
 public:
  Impacts(std::uint64_t seed, const Stage& stage, const CastShares& shares);
  Truth truth() const override;
  void draw_background(Canvas& canvas) const override;
  void draw(double time, Canvas& canvas) const override;
  void sound(const SoundBuffer& buffer) const override;

 private:
  std::vector<Partial> body_of(size_t ball) const;

  std::uint64_t seed_;
  Stage stage_;
  ImpactsScript script_;
  std::vector<BallLook> looks_;
  Color wall_, floor_, side_;
};

Impacts::Impacts(std::uint64_t seed, const Stage& stage, const CastShares& shares)
    : seed_(seed), stage_(stage), script_(write_script(seed, stage, shares)) {
  Random random(mix_seed(seed, "impacts look"));
  wall_ = draw_grey(random, 0.62, 0.92);
  floor_ = draw_grey(random, 0.36, 0.52);
  side_ = wall_ * float(random.uniform(0.42, 0.55));
  for (const BallActor& ball : script_.balls) {
    const NamedColor& c = ball.role.color;
    const float brightness = float(random.uniform(0.94, 1.02));
    const Color color = Color{float(c.red), float(c.green), float(c.blue)} * brightness;
    looks_.push_back({color, ball.role.material, ball.path.start().radius, random.uniform(0, std::numbers::pi)});
  }
}

Truth Impacts::truth() const {
  Truth truth;
  for (const BallActor& ball : script_.balls) {
    const BallStart& start = ball.path.start();
    const BallState first = ball.path.at(0);
    const auto object = std::int64_t(truth.objects.size());
    truth.objects.push_back({ball.role.color.name, ball.role.material, start.radius, first.x, first.y, start.drift});
    const double end = stage_.horizon();
    truth.tracks.push_back(make_track("x", object, end, [&](double t) { return ball.path.at(t).x; }));
    truth.tracks.push_back(make_track("y", object, end, [&](double t) { return ball.path.at(t).y; }));
  }
  truth.events = script_.events;
  Random random(mix_seed(seed_, "impacts caption"));
  truth.caption = caption_of(script_, stage_, random);
  return truth;
}

void Impacts::draw_background(Canvas& canvas) const {
  const double band = kWallShare * stage_.aspect;
  canvas.rectangle({-1, -1, stage_.aspect + 1, kFloorTop}, wall_);
  canvas.rectangle({-1, kFloorTop, stage_.aspect + 1, 2}, floor_);
  canvas.rectangle({-1, -1, band, 2}, side_);
  canvas.rectangle({stage_.aspect - band, -1, stage_.aspect + 1, 2}, side_);
}

void Impacts::draw(double time, Canvas& canvas) const {
  for (size_t i = 0; i < looks_.size(); ++i) draw_shadow(canvas, looks_[i], script_.balls[i].path.at(time));
  for (size_t i = 0; i < looks_.size(); ++i) draw_ball(canvas, looks_[i], script_.balls[i].path.at(time));
}

// Small balls ring higher; no two balls are quite alike.
std::vector<Partial> Impacts::body_of(size_t ball) const {
  Random random(mix_seed(seed_, "impacts body", ball));
  const BallActor& actor = script_.balls[ball];
  const double pitch = std::pow(kPlainRadius / actor.path.start().radius, 0.6);
  std::vector<Partial> body = material_named(actor.role.material).partials;
  for (Partial& partial : body) partial.frequency *= pitch * random.uniform(0.98, 1.02);
  return body;
}

void Impacts::sound(const SoundBuffer& buffer) const {
  for (size_t i = 0; i < script_.balls.size(); ++i) {
    std::vector<Blow> blows;
    for (size_t e = 0; e < script_.events.size(); ++e) {
      const Event& event = script_.events[e];
      if (event.object != std::int64_t(i)) continue;
      blows.push_back({event.time, kLoudness * event.speed / kLoudSpeed, event.x / stage_.aspect,
                       mix_seed(seed_, "impacts click", e)});
    }
    add_blows(buffer, body_of(i), blows);
  }
  add_noise_floor(buffer, kNoiseFloor, seed_);
}

}  // namespace

std::unique_ptr<Scene> make_impacts(std::uint64_t seed, const Stage& stage) {
  return std::make_unique<Impacts>(seed, stage, CastShares{});
}

std::unique_ptr<Scene> make_hard_impacts(std::uint64_t seed, const Stage& stage) {
  return std::make_unique<Impacts>(seed, stage, CastShares{0.42, 0.5});
}

std::unique_ptr<Scene> make_one_ball(std::uint64_t seed, const Stage& stage) {
  return std::make_unique<Impacts>(seed, stage, CastShares{.two_balls = 0, .fast = 0});
}

}  // namespace phonofilm::world
