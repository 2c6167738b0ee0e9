#include "phonofilm/world/rain.h"

#include <cmath>
#include <numbers>

#include "phonofilm/base/random.h"
#include "phonofilm/world/captions.h"
#include "phonofilm/world/pan.h"
#include "phonofilm/world/room_colors.h"
#include "phonofilm/world/shapes.h"
#include "phonofilm/world/tracks.h"
#include "phonofilm/world/world.h"

namespace phonofilm::world {
namespace {

constexpr double kFallSpeed = 2.4;        // heights per second
constexpr double kStreet = 0.60;          // y where the street begins
constexpr double kLongestFall = (kStreet + 0.05 + 0.33) / kFallSpeed;  // seconds from the top of the picture to a drop's place
constexpr double kRing = 0.22;            // seconds that a ring on the water is seen
constexpr double kFewest = 5, kMost = 80;  // drops per second
constexpr double kClickGain = 0.16, kHiss = 0.05, kNoiseFloor = 2e-4;

Grammar::Rules rules() {
  return {
      {"rain.grows",
       {"rain begins and {grows} on a {street}{heard.grows}", "a few drops fall, then it rains {hard}{heard.grows}",
        "it rains on a {street}, the rain {grows}{heard.grows}", "rain that {grows}{heard.grows}"}},
      {"rain.fades",
       {"it rains {hard} on a {street}, then the rain {fades}{heard.fades}", "rain that {fades}{heard.fades}",
        "the rain on a {street} {fades}{heard.fades}", "heavy rain, then only a few drops{heard.fades}"}},
      {"rain.steady",
       {"it rains {much} on a {street}{heard.steady}", "{much.noun} rain falls on a {street}{heard.steady}"}},
      {"grows", {"grows", "gets stronger"}},
      {"fades", {"fades", "gets weaker", "stops slowly"}},
      {"hard", {"hard", "heavily"}},
      {"street", {"street", "wet street", "dark street"}},
      {"much.light", {"a little", "softly"}},
      {"much.heavy", {"hard", "heavily"}},
      {"much.noun.light", {"light", "soft"}},
      {"much.noun.heavy", {"heavy"}},
      {"heard.grows", {"", "", " <AUDCAP>rain that gets louder<ENDAUDCAP>"}},
      {"heard.fades", {"", "", " <AUDCAP>rain that gets quieter<ENDAUDCAP>"}},
      {"heard.steady", {"", "", " <AUDCAP>steady rain<ENDAUDCAP>"}}};
}

const Grammar& grammar() {
  static const Grammar kGrammar(rules());
  return kGrammar;
}

struct Drop {
  double time = 0;  // seconds, when it strikes
  double x = 0, y = 0;
  double frequency = 2000, loudness = 1;
};

class Rain : public Scene {
 public:
  Rain(std::uint64_t seed, const Stage& stage);
  Truth truth() const override;
  void draw_background(Canvas& canvas) const override;
  void draw(double time, Canvas& canvas) const override;
  void sound(const SoundBuffer& buffer) const override;

 private:
  // Drops per second: from first_ to last_ by equal factors in equal times.
  double density(double time) const { return first_ * std::pow(last_ / first_, std::min(time / stage_.seconds, 1.0)); }
  double hiss(double time) const { return kHiss * density(time) / kMost; }
  void draw_drops();
  void add_hiss(const SoundBuffer& buffer) const;
  std::string trend() const { return first_ < 0.7 * last_ ? "grows" : last_ < 0.7 * first_ ? "fades" : "steady"; }
  std::string caption() const;

  std::uint64_t seed_;
  Stage stage_;
  double first_ = kFewest, last_ = kMost;
  std::vector<Drop> drops_;      // in order of time
  std::size_t struck_ = 0;       // how many of them strike before the horizon; the others are only seen on their way
  Color sky_, street_;
  std::vector<Box> houses_;
};

Rain::Rain(std::uint64_t seed, const Stage& stage) : seed_(seed), stage_(stage) {
  Random random(mix_seed(seed, "rain"));
  const double few = kFewest * random.uniform(0.6, 1.6), many = kMost * random.uniform(0.6, 1);
  const double kind = random.uniform();
  first_ = kind < 0.4 || (kind >= 0.8 && kind < 0.9) ? few : many;
  last_ = (kind >= 0.4 && kind < 0.8) || (kind >= 0.8 && kind < 0.9) ? few : many;
  sky_ = draw_tinted_grey(random, 0.34, 0.48, 0.08);
  street_ = draw_tinted_grey(random, 0.20, 0.28);
  for (double x = -0.1; x < stage.aspect; x += 0.22) {
    const double left = x + random.uniform(0, 0.06);
    houses_.push_back({left, random.uniform(0.20, 0.42), left + random.uniform(0.14, 0.24), kStreet});
  }
  draw_drops();
}

// A Poisson process by thinning: candidates at the highest rate, each kept with the chance density / highest.
void Rain::draw_drops() {
  Random random(mix_seed(seed_, "rain drops"));
  const double highest = std::max(first_, last_);
  double time = 0;
  while (true) {
    time -= std::log(1 - random.uniform()) / highest;
    if (time >= stage_.horizon() + kLongestFall) return;
    const double kept = random.uniform(), x = random.uniform(), y = random.uniform();
    const Drop drop{time, stage_.aspect * x, kStreet + 0.05 + 0.33 * y, random.uniform(1500, 5200),
                    random.uniform(0.35, 1)};
    if (kept * highest >= density(time)) continue;
    drops_.push_back(drop);
    if (time < stage_.horizon()) struck_ = drops_.size();
  }
}

std::string Rain::caption() const {
  Random random(mix_seed(seed_, "rain caption"));
  const std::string much = first_ < kFewest * 2 ? "light" : "heavy";
  const auto say = [&](const std::string& symbol) { return grammar().expand(symbol, {}, random); };
  const Grammar::Texts texts{{"much", say("much." + much)}, {"much.noun", say("much.noun." + much)}};
  return grammar().expand("rain." + trend(), texts, random);
}

Truth Rain::truth() const {
  Truth truth;
  Object rain{"grey", "rain", 0, stage_.aspect / 2, kStreet, 0};
  rain.details = {{"trend", trend()}};
  rain.amounts = {{"first density", first_}, {"last density", last_}};
  truth.objects.push_back(std::move(rain));
  for (std::size_t i = 0; i < struck_; ++i) {
    const Drop& drop = drops_[i];
    truth.events.push_back({drop.time, "street", 0, drop.x, drop.y, kFallSpeed});
  }
  truth.tracks.push_back(make_track("density", 0, stage_.horizon(), [&](double t) { return density(t); }));
  truth.tracks.push_back(make_track("hiss", 0, stage_.horizon(), [&](double t) { return hiss(t); }));
  truth.caption = caption();
  return truth;
}

void Rain::draw_background(Canvas& canvas) const {
  canvas.paint({-1, -1, stage_.aspect + 1, kStreet}, [&](float, float y) { return Ink{sky_ * (0.8f + 0.5f * y), 1}; });
  for (const Box& house : houses_) canvas.rectangle(house, sky_ * 0.55f);
  for (const Box& house : houses_) {
    const double left = house.left + 0.03, top = house.top + 0.05;
    canvas.rectangle({left, top, left + 0.035, top + 0.05}, {0.95f, 0.85f, 0.45f});
  }
  canvas.paint({-1, kStreet, stage_.aspect + 1, 2},
               [&](float, float y) { return Ink{street_ * (0.7f + 0.6f * y), 1}; });
}

void Rain::draw(double time, Canvas& canvas) const {
  for (const Drop& drop : drops_) {
    const double before = drop.time - time;
    if (before > 0 && before < drop.y / kFallSpeed) {
      const double y = drop.y - before * kFallSpeed;
      fill_stroke(canvas, drop.x, y - 0.07, drop.x, y, 0.012, {0.80f, 0.88f, 0.95f}, 0.85f);
    }
    if (before > 0 || before < -kRing) continue;
    const float age = float(-before / kRing), rx = 0.012f + 0.05f * age, ry = 0.4f * rx;
    const float cx = float(drop.x), cy = float(drop.y);
    canvas.paint({drop.x - 0.07, drop.y - 0.04, drop.x + 0.07, drop.y + 0.04}, [&](float x, float y) {
      const float ring = std::abs(distance_to_oval(x - cx, y - cy, rx, ry)) - 0.004f;
      return Ink{{0.85f, 0.92f, 1.0f}, (1 - age) * canvas.coverage(ring)};
    });
  }
}

void Rain::add_hiss(const SoundBuffer& buffer) const {
  for (std::int64_t c = 0; c < buffer.channels; ++c) {
    Random random(mix_seed(seed_, "rain hiss", std::uint64_t(c)));
    std::int64_t n = 0;
    for (float& sample : buffer.channel(c)) {
      const double time = double(n++) / double(buffer.rate);
      // Uniform noise of standard deviation 1.
      sample += float(hiss(time) * random.uniform(-std::numbers::sqrt3, std::numbers::sqrt3));
    }
  }
}

void Rain::sound(const SoundBuffer& buffer) const {
  add_hiss(buffer);
  for (std::size_t i = 0; i < struck_; ++i) {
    const Drop& drop = drops_[i];
    const std::vector<Partial> body{{drop.frequency, 0.006, 0.7}, {0.55 * drop.frequency, 0.010, 0.3}};
    const double pan = drop.x / stage_.aspect;
    add_blows(buffer, body, {{drop.time, kClickGain * drop.loudness, pan, mix_seed(seed_, "rain click", i)}});
  }
  add_noise_floor(buffer, kNoiseFloor, seed_);
}

}  // namespace

std::unique_ptr<Scene> make_rain(std::uint64_t seed, const Stage& stage) { return std::make_unique<Rain>(seed, stage); }

std::vector<std::string> rain_words() { return grammar().words(); }

}  // namespace phonofilm::world
