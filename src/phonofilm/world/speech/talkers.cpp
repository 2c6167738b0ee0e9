#include "phonofilm/world/speech/talkers.h"

#include "phonofilm/base/random.h"
#include "phonofilm/base/text.h"
#include "phonofilm/world/speech/talkers_caption.h"
#include "phonofilm/world/speech/talkers_script.h"
#include "phonofilm/world/tracks.h"

namespace phonofilm::world {
namespace {

constexpr double kNoiseFloor = 2e-4;
constexpr double kLevelReach = 0.025;  // seconds on either side, for the loudness of a voice

class Talkers : public Scene {
 public:
  Talkers(std::uint64_t seed, const Stage& stage, std::size_t count, VoicePool pool)
      : seed_(seed), stage_(stage), script_(write_talkers(seed, stage, count, pool)) {
    Random random(mix_seed(seed, "talkers wall"));
    const float brightness = float(random.uniform(0.55, 0.85));
    const auto part = [&] { return float(random.uniform(0.88, 1.08)); };
    const float red = part(), green = part(), blue = part();
    wall_ = Color{red, green, blue} * brightness;
  }
  Truth truth() const override;
  void draw_background(Canvas& canvas) const override;
  void draw(double time, Canvas& canvas) const override;
  void sound(const SoundBuffer& buffer) const override;

 private:
  std::uint64_t seed_;
  Stage stage_;
  TalkersScript script_;
  Color wall_;
};

Object object_of(const Talker& talker) {
  const PersonLook& look = talker.look;
  const Figure& figure = talker.figure;
  Object object{look.shirt_name, "person", 0.225 * figure.scale, figure.x, figure.y, 0};
  object.details = {{"who", look.who}, {"hair", look.hair_name}, {"hair style", look.hair_style},
                    {"voice", talker.voice->id}, {"voice sound", talker.voice->sound}};
  object.amounts = {{"mouth x", figure.x}, {"mouth y", figure.y + kMouthBelow * figure.scale}};
  return object;
}

void add_spans(const Talker& talker, std::int64_t object, Truth& truth) {
  const double start = talker.start;
  truth.spans.push_back({"line", join(talker.line, " "), start, talker.end(), object});
  for (const SpokenWord& word : talker.speech.words) {
    truth.spans.push_back({"word", word.text, start + word.start, start + word.end, object});
  }
  for (const Phoneme& phoneme : talker.speech.phonemes) {
    truth.spans.push_back({"phoneme", phoneme.name, start + phoneme.start, start + phoneme.end, object});
  }
  for (const MouthTrack::Segment& segment : talker.mouth.segments()) {
    truth.spans.push_back({"mouth", segment.viseme->name, segment.start, segment.end, object});
  }
  for (const Blink& blink : talker.blinks) truth.spans.push_back({"blink", "blink", blink.start, blink.end, object});
}

Truth Talkers::truth() const {
  Truth truth;
  for (std::size_t i = 0; i < script_.talkers.size(); ++i) {
    const Talker& talker = script_.talkers[i];
    const auto object = std::int64_t(i);
    truth.objects.push_back(object_of(talker));
    add_spans(talker, object, truth);
    const double scale = talker.figure.scale;
    truth.tracks.push_back(make_track("mouth opening", object, stage_.horizon(), [&](double t) {
      return scale * talker.mouth.opening_at(t);
    }));
    truth.tracks.push_back(make_track("mouth width", object, stage_.horizon(), [&](double t) {
      return scale * 2 * talker.mouth.at(t).half_width;
    }));
    truth.tracks.push_back(make_track("voice level", object, stage_.horizon(), [&](double t) {
      return talker.gain * level_at(talker.speech.sound, t - talker.start, kLevelReach);
    }));
  }
  Random random(mix_seed(seed_, "talkers caption"));
  truth.caption = caption_of(script_, random);
  return truth;
}

void Talkers::draw_background(Canvas& canvas) const {
  const Color dark = wall_ * 0.82f;
  canvas.paint({-1, -1, stage_.aspect + 1, 2}, [&](float, float y) { return Ink{mix(wall_, dark, y), 1}; });
  for (const Talker& talker : script_.talkers) draw_body(canvas, talker.look, talker.figure);
}

void Talkers::draw(double time, Canvas& canvas) const {
  for (const Talker& talker : script_.talkers) {
    draw_head(canvas, talker.look, talker.figure, pose_at(talker, time), talker.mouth.at(time));
  }
}

void Talkers::sound(const SoundBuffer& buffer) const {
  for (const Talker& talker : script_.talkers) {
    add_recording(buffer, talker.speech.sound, talker.start, talker.gain, talker.figure.x / stage_.aspect);
  }
  add_noise_floor(buffer, kNoiseFloor, seed_);
}

template <std::size_t count, VoicePool pool>
std::unique_ptr<Scene> make_talkers(std::uint64_t seed, const Stage& stage) {
  return std::make_unique<Talkers>(seed, stage, count, pool);
}

}  // namespace

std::vector<TalkersEntry> talkers_scenes() {
  return {{"talker", make_talkers<1, VoicePool::training>},
          {"two_talkers", make_talkers<2, VoicePool::training>},
          {"talker_many_voices", make_talkers<1, VoicePool::made>},
          {"two_talkers_many_voices", make_talkers<2, VoicePool::made>},
          {"talker_new_voices", make_talkers<1, VoicePool::held_out>},
          {"two_talkers_new_voices", make_talkers<2, VoicePool::held_out>}};
}

}  // namespace phonofilm::world
