#include "phonofilm/world/lamp.h"

#include <algorithm>
#include <cmath>
#include <iterator>
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

constexpr double kEdge = 0.10, kShortest = 0.10, kRamp = 0.003;  // seconds
constexpr double kLoudness = 0.25, kNoiseFloor = 2e-4;
constexpr double kBulb = 0.13;  // radius
constexpr std::int64_t kMostBlinks = 5;

struct Pitch {
  const char* name;
  double low, high;  // Hz
};
constexpr Pitch kPitches[] = {{"low", 260, 340}, {"middle", 520, 640}, {"high", 1000, 1300}, {"very high", 2000, 2500}};

Grammar::Rules rules() {
  Grammar::Rules rules{
      {"lamp",
       {"a {color} lamp blinks {count}{heard}", "a {color} lamp lights up {count} and beeps{heard}",
        "a {color} lamp blinks {count} with a {pitch} beep", "a {color} lamp on a {wall} wall blinks {count}{heard}",
        "{count}, a {color} lamp lights up with a {pitch} beep", "we see a {color} lamp that blinks {count}{heard}"}},
      {"heard", {"", "", " <AUDCAP>{beeps}<ENDAUDCAP>", " <AUDCAP>{beeps}, {pitch}<ENDAUDCAP>"}},
      {"wall.dark", {"dark"}}, {"wall.bright", {"grey"}},
      {"count.1", {"once", "one time"}}, {"count.2", {"twice", "two times"}}, {"count.3", {"three times"}},
      {"count.4", {"four times"}}, {"count.5", {"five times"}},
      {"beeps.1", {"one beep"}}, {"beeps.2", {"two beeps"}}, {"beeps.3", {"three beeps"}}, {"beeps.4", {"four beeps"}},
      {"beeps.5", {"five beeps"}}};
  for (const NamedColor& color : colors()) rules["color." + color.name] = {color.name};
  for (const Pitch& pitch : kPitches) rules[std::string("pitch.") + pitch.name] = {pitch.name};
  return rules;
}

const Grammar& grammar() {
  static const Grammar kGrammar(rules());
  return kGrammar;
}

struct Flash {
  double start = 0, end = 0;
};

// Lit and dark stretches of at least kShortest; half of the lamps blink evenly.
std::vector<Flash> draw_flashes(double seconds, Random& random) {
  const double room = seconds - 2 * kEdge;
  const auto fitting = std::int64_t((room / kShortest + 1) / 3);
  const std::int64_t count = std::clamp<std::int64_t>(fitting, 1, 1 + random.below(kMostBlinks));
  const std::int64_t parts = 2 * count - 1;  // lit, dark, lit, ...
  const bool even = random.chance(0.5);
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t i = 0; i < parts; ++i) sum += weights.emplace_back(even ? 1 : random.uniform(0.3, 1));
  const double spare = room - double(parts) * kShortest, used = spare * random.uniform(0.25, 0.85);
  double time = kEdge + random.uniform(0, spare - used);
  std::vector<Flash> flashes;
  for (std::int64_t i = 0; i < parts; ++i) {
    const double length = kShortest + used * weights[std::size_t(i)] / sum;
    if (i % 2 == 0) flashes.push_back({time, time + length});
    time += length;
  }
  return flashes;
}

class Lamp : public Scene {
 public:
  Lamp(std::uint64_t seed, const Stage& stage);
  Truth truth() const override;
  void draw_background(Canvas& canvas) const override;
  void draw(double time, Canvas& canvas) const override;
  void sound(const SoundBuffer& buffer) const override;

 private:
  bool lit(double time) const;
  double beep_at(double time) const;

  std::uint64_t seed_;
  Stage stage_;
  std::vector<Flash> flashes_;
  NamedColor named_;
  Color wall_;
  bool dark_wall_ = false;
  const Pitch* pitch_ = nullptr;
  double frequency_ = 440, x_ = 0.5, y_ = 0.4;
};

Lamp::Lamp(std::uint64_t seed, const Stage& stage) : seed_(seed), stage_(stage) {
  Random random(mix_seed(seed, "lamp"));
  flashes_ = draw_flashes(stage.seconds, random);
  named_ = random.pick(colors());
  pitch_ = &kPitches[random.below(std::int64_t(std::size(kPitches)))];
  frequency_ = random.uniform(pitch_->low, pitch_->high);
  dark_wall_ = random.chance(0.5);
  wall_ = dark_wall_ ? draw_tinted_grey(random, 0.15, 0.28) : draw_tinted_grey(random, 0.40, 0.55);
  x_ = stage.aspect * random.uniform(0.25, 0.75);
  y_ = random.uniform(0.32, 0.45);
}

Truth Lamp::truth() const {
  Truth truth;
  Object lamp{named_.name, "lamp", kBulb, x_, y_, 0};
  lamp.details = {{"pitch", pitch_->name}};
  lamp.amounts = {{"frequency", frequency_}};
  truth.objects.push_back(std::move(lamp));
  for (const Flash& flash : flashes_) {
    truth.events.push_back({flash.start, "light on", 0, x_, y_, 0});
    truth.spans.push_back({"light", "on", flash.start, flash.end, 0});
  }
  truth.tracks.push_back(make_track("light", 0, stage_.horizon(), [&](double t) { return lit(t) ? 1.0 : 0.0; }));
  Random random(mix_seed(seed_, "lamp caption"));
  const std::string number = std::to_string(flashes_.size());
  const auto say = [&](const std::string& rule) { return grammar().expand(rule, {}, random); };
  truth.caption = grammar().expand("lamp", {{"color", named_.name}, {"count", say("count." + number)},
                                            {"beeps", say("beeps." + number)}, {"pitch", pitch_->name},
                                            {"wall", say(dark_wall_ ? "wall.dark" : "wall.bright")}},
                                   random);
  return truth;
}

bool Lamp::lit(double time) const {
  return std::any_of(flashes_.begin(), flashes_.end(), [&](const Flash& f) { return time >= f.start && time < f.end; });
}

void Lamp::draw_background(Canvas& canvas) const {
  canvas.rectangle({-1, -1, stage_.aspect + 1, 2}, wall_);
  canvas.rectangle({-1, 0.86, stage_.aspect + 1, 2}, wall_ * 0.6f);
  fill_stroke(canvas, x_, y_ + kBulb, x_, 0.88, 0.035, {0.08f, 0.08f, 0.09f});
  fill_rounded_box(canvas, {x_ - 0.12, 0.86, x_ + 0.12, 0.91}, 0.02, {0.08f, 0.08f, 0.09f});
}

void Lamp::draw(double time, Canvas& canvas) const {
  const Color color{float(named_.red), float(named_.green), float(named_.blue)};
  const float cx = float(x_), cy = float(y_);
  if (!lit(time)) {
    fill_oval(canvas, {x_, y_, kBulb, kBulb}, mix(color, {0.1f, 0.1f, 0.1f}, 0.82f));
    return;
  }
  constexpr float kHalo = 0.42f;
  canvas.paint({x_ - kHalo, y_ - kHalo, x_ + kHalo, y_ + kHalo}, [&](float x, float y) {
    const float near = 1 - std::hypot(x - cx, y - cy) / kHalo;
    return Ink{color, near <= 0 ? 0 : 0.75f * near * near};
  });
  fill_oval(canvas, {x_, y_, kBulb, kBulb}, color);
  fill_oval(canvas, {x_ - 0.03, y_ - 0.03, 0.06, 0.06}, {1, 1, 1}, 0.75f);
}

// A sine with a little of its third harmonic; it rises and falls in kRamp within the flash, so that it does not click.
double Lamp::beep_at(double time) const {
  for (const Flash& flash : flashes_) {
    if (time < flash.start || time >= flash.end) continue;
    const double ramp = std::min({1.0, (time - flash.start) / kRamp, (flash.end - time) / kRamp});
    const double phase = 2 * std::numbers::pi * frequency_ * (time - flash.start);
    return ramp * (0.9 * std::sin(phase) + 0.1 * std::sin(3 * phase));
  }
  return 0;
}

void Lamp::sound(const SoundBuffer& buffer) const {
  for (std::int64_t n = 0; n < buffer.samples; ++n) {
    const double beep = kLoudness * beep_at(double(n) / double(buffer.rate));
    if (beep == 0) continue;
    for (std::int64_t c = 0; c < buffer.channels; ++c) {
      buffer.channel(c)[std::size_t(n)] += float(beep * pan_gain(x_ / stage_.aspect, c, buffer.channels));
    }
  }
  add_noise_floor(buffer, kNoiseFloor, seed_);
}

}  // namespace

std::unique_ptr<Scene> make_lamp(std::uint64_t seed, const Stage& stage) { return std::make_unique<Lamp>(seed, stage); }

std::vector<std::string> lamp_words() { return grammar().words(); }

}  // namespace phonofilm::world
