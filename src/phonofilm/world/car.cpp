#include "phonofilm/world/car.h"

#include <cmath>
#include <numbers>

#include "phonofilm/base/random.h"
#include "phonofilm/world/captions.h"
#include "phonofilm/world/pan.h"
#include "phonofilm/world/pass_by.h"
#include "phonofilm/world/room_colors.h"
#include "phonofilm/world/shapes.h"
#include "phonofilm/world/tracks.h"
#include "phonofilm/world/world.h"

namespace phonofilm::world {
namespace {

constexpr double kRoad = 0.78;           // y that the wheels touch
constexpr double kLoudness = 0.5;        // straight ahead
constexpr double kNoiseFloor = 2e-4;
constexpr double kTyreRate = 16000;      // steps per second of the tyres' noise, a grid of its own

struct Pace {
  const char* name;
  double low, high;  // m/s
};
constexpr Pace kPaces[] = {{"slow", 7, 11}, {"middle", 12, 18}, {"fast", 21, 32}};

Grammar::Rules rules() {
  Grammar::Rules rules{
      {"car",
       {"a {color} car {drives} {pace} {way}{heard}", "a {color} car {drives} {way}{heard}",
        "we see a {color} car, it {drives} {pace} {way}{heard}",
        "a {color} car {drives} past us {way}, its sound falls",
        "a {color} car comes from the {side} and {drives} {pace} past us{heard}"}},
      {"drives", {"drives", "passes"}},
      {"pace.slow", {"slowly"}}, {"pace.middle", {""}}, {"pace.fast", {"fast", "very fast", "quickly"}},
      {"way.right", {"from left to right", "to the right"}}, {"way.left", {"from right to left", "to the left"}},
      {"side.right", {"left"}}, {"side.left", {"right"}},
      {"heard", {"", "", " <AUDCAP>an engine comes near and goes away<ENDAUDCAP>",
                 " <AUDCAP>the {engine} sound of a car {way}<ENDAUDCAP>"}},
      {"engine.low", {"low", "deep"}}, {"engine.high", {"high", "bright"}}};
  for (const NamedColor& color : colors()) rules["color." + color.name] = {color.name};
  return rules;
}

const Grammar& grammar() {
  static const Grammar kGrammar(rules());
  return kGrammar;
}

class Car : public Scene {
 public:
  Car(std::uint64_t seed, const Stage& stage);
  Truth truth() const override;
  void draw_background(Canvas& canvas) const override;
  void draw(double time, Canvas& canvas) const override;
  void sound(const SoundBuffer& buffer) const override;

 private:
  double x_at(double time) const { return stage_.aspect / 2 + path_.position(time) / kMetresPerHeight; }
  double gain_of(double emitted) const;
  double engine_at(double emitted) const;
  double tyres_at(double emitted) const;
  std::string caption() const;

  std::uint64_t seed_;
  Stage stage_;
  PassBy path_;
  const Pace* pace_ = nullptr;
  NamedColor named_;
  Color sky_, grass_;
  double engine_ = 100, whine_ = 900;  // Hz, at rest
  std::vector<double> hills_;
  std::vector<float> tyre_noise_;
};

Car::Car(std::uint64_t seed, const Stage& stage) : seed_(seed), stage_(stage) {
  Random random(mix_seed(seed, "car"));
  pace_ = &kPaces[random.below(3)];
  const double speed = random.uniform(pace_->low, pace_->high);
  path_.speed = random.chance(0.5) ? speed : -speed;
  path_.nearest = random.uniform(4, 7);
  path_.time = stage.seconds * random.uniform(0.38, 0.62);
  named_ = random.pick(colors());
  const bool high = random.chance(0.5);
  engine_ = high ? random.uniform(150, 200) : random.uniform(70, 100);
  whine_ = engine_ * 8;
  sky_ = Color{0.62f, 0.76f, 0.90f} * float(random.uniform(0.75, 1.05));
  grass_ = Color{0.46f, 0.52f, 0.38f} * float(random.uniform(0.8, 1.15));
  for (int i = 0; i < 3; ++i) hills_.push_back(random.uniform(0, stage.aspect));
  Random noise(mix_seed(seed, "car tyres"));
  tyre_noise_.resize(std::size_t((stage.end + 1) * kTyreRate));
  for (float& value : tyre_noise_) value = float(noise.uniform(-1, 1));
}

// Loudness falls with the distance that the sound has come.
double Car::gain_of(double emitted) const { return kLoudness * path_.nearest / path_.distance(emitted); }

double Car::engine_at(double emitted) const {
  const double turn = 2 * std::numbers::pi * emitted;
  double sum = 0.45 * std::sin(turn * whine_);
  for (const int harmonic : {1, 2, 3, 4, 6}) sum += 0.22 / std::sqrt(harmonic) * std::sin(turn * engine_ * harmonic);
  return sum;
}

double Car::tyres_at(double emitted) const {
  const double place = std::max((emitted + 0.5) * kTyreRate, 0.0);
  const auto index = std::min(std::size_t(place), tyre_noise_.size() - 2);
  const float share = float(place - double(index));
  return 0.12 * (tyre_noise_[index] * (1 - share) + tyre_noise_[index + 1] * share);
}

std::string Car::caption() const {
  Random random(mix_seed(seed_, "car caption"));
  const auto say = [&](const std::string& rule) { return grammar().expand(rule, {}, random); };
  const std::string direction = path_.speed > 0 ? "right" : "left";
  return grammar().expand("car", {{"color", named_.name}, {"pace", say(std::string("pace.") + pace_->name)},
                                  {"way", say("way." + direction)}, {"side", say("side." + direction)},
                                  {"engine", say(engine_ > 120 ? "engine.high" : "engine.low")}},
                          random);
}

Truth Car::truth() const {
  Truth truth;
  Object car{named_.name, "car", 0.15, x_at(0), kRoad, path_.speed / kMetresPerHeight};
  car.details = {{"pace", pace_->name}};
  car.amounts = {{"speed", path_.speed}, {"nearest distance", path_.nearest}, {"nearest time", path_.time},
                 {"frequency", whine_}};
  truth.objects.push_back(std::move(car));
  const auto add = [&](const char* name, const auto& value) {
    truth.tracks.push_back(make_track(name, 0, stage_.horizon(), value));
  };
  add("x", [&](double t) { return x_at(t); });
  add("frequency ratio", [&](double t) { return path_.frequency_ratio(t); });
  add("pan", [&](double t) { return path_.pan(t); });
  add("gain", [&](double t) { return gain_of(path_.emitted(t)); });
  truth.caption = caption();
  return truth;
}

void Car::draw_background(Canvas& canvas) const {
  const double right = stage_.aspect + 1;
  canvas.paint({-1, -1, right, 0.6}, [&](float, float y) { return Ink{mix(sky_, {1, 1, 1}, 0.6f * y), 1}; });
  for (const double x : hills_) fill_oval(canvas, {x, 0.62, 0.45, 0.20}, grass_ * 0.8f);
  canvas.rectangle({-1, 0.58, right, 2}, grass_);
  canvas.rectangle({-1, 0.70, right, 0.90}, {0.30f, 0.30f, 0.32f});
  for (double x = 0.04; x < stage_.aspect; x += 0.2) canvas.rectangle({x, 0.83, x + 0.09, 0.845}, {0.9f, 0.9f, 0.85f});
}

void Car::draw(double time, Canvas& canvas) const {
  const double x = x_at(time), front = path_.speed > 0 ? 1 : -1;
  const Color body{float(named_.red), float(named_.green), float(named_.blue)}, glass{0.75f, 0.88f, 0.95f};
  fill_oval(canvas, {x, kRoad + 0.005, 0.16, 0.014}, {0.05f, 0.05f, 0.05f}, 0.5f);
  const double cabin = x - 0.015 * front;
  fill_rounded_box(canvas, {cabin - 0.085, kRoad - 0.155, cabin + 0.085, kRoad - 0.07}, 0.03, body * 0.85f);
  fill_rounded_box(canvas, {cabin - 0.065, kRoad - 0.138, cabin + 0.068, kRoad - 0.09}, 0.02, glass);
  fill_rounded_box(canvas, {x - 0.15, kRoad - 0.095, x + 0.15, kRoad - 0.022}, 0.025, body);
  fill_oval(canvas, {x + front * 0.14, kRoad - 0.065, 0.012, 0.014}, {1.0f, 0.95f, 0.6f});
  const double turn = path_.position(time) / kMetresPerHeight / 0.034;  // as the wheels roll
  for (const double wheel : {-0.085, 0.085}) {
    const double wx = x + wheel, wy = kRoad - 0.034;
    fill_oval(canvas, {wx, wy, 0.036, 0.036}, {0.07f, 0.07f, 0.08f});
    fill_stroke(canvas, wx - 0.022 * std::cos(turn), wy - 0.022 * std::sin(turn), wx + 0.022 * std::cos(turn),
                wy + 0.022 * std::sin(turn), 0.014, {0.75f, 0.75f, 0.78f});
  }
}

void Car::sound(const SoundBuffer& buffer) const {
  for (std::int64_t n = 0; n < buffer.samples; ++n) {
    const double time = double(n) / double(buffer.rate), emitted = path_.emitted(time);
    const double heard = gain_of(emitted) * (engine_at(emitted) + tyres_at(emitted));
    const double pan = path_.direction(emitted);
    for (std::int64_t c = 0; c < buffer.channels; ++c) {
      buffer.channel(c)[std::size_t(n)] += float(heard * pan_gain(pan, c, buffer.channels));
    }
  }
  add_noise_floor(buffer, kNoiseFloor, seed_);
}

}  // namespace

std::unique_ptr<Scene> make_car(std::uint64_t seed, const Stage& stage) { return std::make_unique<Car>(seed, stage); }

std::vector<std::string> car_words() { return grammar().words(); }

}  // namespace phonofilm::world
