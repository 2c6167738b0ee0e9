#include "phonofilm/world/xylophone.h"

#include <array>
#include <cmath>

#include "phonofilm/base/random.h"
#include "phonofilm/base/text.h"
#include "phonofilm/world/captions.h"
#include "phonofilm/world/room_colors.h"
#include "phonofilm/world/shapes.h"
#include "phonofilm/world/tracks.h"
#include "phonofilm/world/tune.h"
#include "phonofilm/world/world.h"

namespace phonofilm::world {
namespace {

constexpr double kLoudness = 0.30, kNoiseFloor = 2e-4;
constexpr double kFlash = 0.10;        // seconds in which a struck bar's light fades to 1/e

// A bar that is free at both ends and tuned: its second partial lies three times as high as the first.
std::vector<Partial> bar_body(std::int64_t bar) {
  const double f = bar_frequency(bar);
  return {{f, 0.32, 0.70}, {3 * f, 0.09, 0.20}, {6.2 * f, 0.03, 0.10}};
}

Grammar::Rules rules() {
  Grammar::Rules rules{
      {"tune",
       {"a mallet plays {count} notes on a xylophone{heard}", "a xylophone plays {colors}{heard}",
        "a mallet strikes the {colors} bars of a xylophone",
        "a xylophone with bars of six colors plays {count} notes{heard}",
        "a mallet plays bars {numbers} of a xylophone{heard}", "someone plays bars {numbers} on a xylophone{heard}",
        "{count} notes on a xylophone, {colors}"}},
      {"heard",
       {"", "", " <AUDCAP>{count} clear notes of a xylophone<ENDAUDCAP>",
        " <AUDCAP>{count} notes, one then another<ENDAUDCAP>"}},
      {"separator", {",", "then"}}};
  for (const NamedColor& color : colors()) rules["color." + color.name] = {color.name};
  for (const std::string& number : bar_numbers()) rules["number." + number] = {number};
  return rules;
}

const Grammar& grammar() {
  static const Grammar kGrammar(rules());
  return kGrammar;
}

class Xylophone : public Scene {
 public:
  Xylophone(std::uint64_t seed, const Stage& stage);
  Truth truth() const override;
  void draw_background(Canvas& canvas) const override;
  void draw(double time, Canvas& canvas) const override;
  void sound(const SoundBuffer& buffer) const override;

 private:
  std::string caption() const;
  double light_of(std::int64_t bar, double time) const;
  void draw_bar(Canvas& canvas, std::int64_t bar, double light) const;

  std::uint64_t seed_;
  Stage stage_;
  std::vector<Note> notes_;
  Mallet mallet_;
  std::array<std::size_t, kBars> color_of_bar_{};
  Color wall_, frame_;
  bool dark_mallet_ = false;
};

std::vector<Note> notes_for(std::uint64_t seed, const Stage& stage) {
  Random random(mix_seed(seed, "xylophone tune"));
  return draw_tune(stage.seconds, random);
}

Xylophone::Xylophone(std::uint64_t seed, const Stage& stage)
    : seed_(seed), stage_(stage), notes_(notes_for(seed, stage)), mallet_(notes_, stage.aspect) {
  Random random(mix_seed(seed, "xylophone look"));
  for (std::size_t i = 0; i < color_of_bar_.size(); ++i) color_of_bar_[i] = i;
  for (std::size_t i = color_of_bar_.size() - 1; i > 0; --i) {
    std::swap(color_of_bar_[i], color_of_bar_[std::size_t(random.below(std::int64_t(i) + 1))]);
  }
  wall_ = draw_tinted_grey(random, 0.60, 0.85);
  frame_ = Color{0.42f, 0.27f, 0.15f} * float(random.uniform(0.7, 1.2));
  dark_mallet_ = random.chance(0.5);
}

std::string Xylophone::caption() const {
  Random random(mix_seed(seed_, "xylophone caption"));
  const std::string separator = random.chance(0.5) ? ", " : " then ";
  std::vector<std::string> played, struck;
  for (const Note& note : notes_) {
    played.push_back(colors()[color_of_bar_[std::size_t(note.bar)]].name);
    struck.push_back(bar_numbers()[std::size_t(note.bar)]);
  }
  const std::string& count = bar_numbers()[notes_.size() - 1];
  const Grammar::Texts texts{{"count", count}, {"colors", join(played, separator)}, {"numbers", join(struck, " ")}};
  return grammar().expand("tune", texts, random);
}

Truth Xylophone::truth() const {
  Truth truth;
  for (std::int64_t bar = 0; bar < kBars; ++bar) {
    Object object{colors()[color_of_bar_[std::size_t(bar)]].name, "bar", bar_half_width(stage_.aspect),
                  bar_x(bar, stage_.aspect), kBarMiddle, 0};
    object.amounts = {{"frequency", bar_frequency(bar)}, {"number", double(bar + 1)}};
    truth.objects.push_back(std::move(object));
  }
  for (std::size_t i = 0; i < notes_.size(); ++i) {
    truth.events.push_back({notes_[i].time, "bar", notes_[i].bar, bar_x(notes_[i].bar, stage_.aspect), kBarMiddle,
                            mallet_.speed_before(i)});
  }
  const double end = stage_.horizon();
  truth.tracks.push_back(make_track("mallet x", 0, end, [&](double t) { return mallet_.at(t).x; }));
  truth.tracks.push_back(make_track("mallet y", 0, end, [&](double t) { return mallet_.at(t).y; }));
  truth.caption = caption();
  return truth;
}

double Xylophone::light_of(std::int64_t bar, double time) const {
  double light = 0;
  for (const Note& note : notes_) {
    if (note.bar == bar && note.time <= time) light = std::exp(-(time - note.time) / kFlash);
  }
  return light;
}

void Xylophone::draw_bar(Canvas& canvas, std::int64_t bar, double light) const {
  const NamedColor& named = colors()[color_of_bar_[std::size_t(bar)]];
  const Color plain = Color{float(named.red), float(named.green), float(named.blue)} * 0.85f;
  const double x = bar_x(bar, stage_.aspect), half = bar_half_width(stage_.aspect), length = bar_half_length(bar);
  fill_rounded_box(canvas, {x - half, kBarMiddle - length, x + half, kBarMiddle + length}, 0.02,
                   mix(plain, {1, 1, 1}, float(kStruckWhite * light)));
  for (const double end : {-1.0, 1.0}) {
    fill_oval(canvas, {x, kBarMiddle + end * (length - 0.045), 0.012, 0.012}, plain * 0.4f);
  }
}

void Xylophone::draw_background(Canvas& canvas) const {
  canvas.rectangle({-1, -1, stage_.aspect + 1, 2}, wall_);
  const double first = bar_x(0, stage_.aspect), last = bar_x(kBars - 1, stage_.aspect);
  for (const double side : {-1.0, 1.0}) {
    fill_stroke(canvas, first - 0.05, kBarMiddle + side * 0.17, last + 0.05, kBarMiddle + side * 0.11, 0.05, frame_);
  }
  for (std::int64_t bar = 0; bar < kBars; ++bar) draw_bar(canvas, bar, 0);
}

void Xylophone::draw(double time, Canvas& canvas) const {
  for (std::int64_t bar = 0; bar < kBars; ++bar) {
    const double light = light_of(bar, time);
    if (light > 0.01) draw_bar(canvas, bar, light);
  }
  const MalletState head = mallet_.at(time);
  fill_stroke(canvas, head.x + 0.10, head.y - 0.62, head.x, head.y - kMalletHead, 0.022, frame_ * 0.7f);
  const Color color = dark_mallet_ ? Color{0.12f, 0.12f, 0.14f} : Color{0.97f, 0.96f, 0.92f};
  fill_oval(canvas, {head.x, head.y - kMalletHead, kMalletHead, kMalletHead}, color);
}

void Xylophone::sound(const SoundBuffer& buffer) const {
  for (std::int64_t bar = 0; bar < kBars; ++bar) {
    std::vector<Blow> blows;
    for (std::size_t i = 0; i < notes_.size(); ++i) {
      if (notes_[i].bar != bar) continue;
      blows.push_back({notes_[i].time, kLoudness * notes_[i].loudness, bar_x(bar, stage_.aspect) / stage_.aspect,
                       mix_seed(seed_, "xylophone click", i)});
    }
    if (!blows.empty()) add_blows(buffer, bar_body(bar), blows);
  }
  add_noise_floor(buffer, kNoiseFloor, seed_);
}

}  // namespace

std::unique_ptr<Scene> make_xylophone(std::uint64_t seed, const Stage& stage) {
  return std::make_unique<Xylophone>(seed, stage);
}

std::vector<std::string> xylophone_words() { return grammar().words(); }

}  // namespace phonofilm::world
