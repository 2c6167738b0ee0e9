#include "phonofilm/world/speech/talkers_script.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "phonofilm/base/error.h"

namespace phonofilm::world {
namespace {

constexpr double kEdge = 0.06;                        // seconds of silence at both ends, at least
constexpr double kShortestPause = 0.10, kLongestPause = 0.30;  // between two talkers
constexpr int kCasts = 20, kTriesPerCast = 10;

// Two talkers have two voices.
std::vector<const Voice*> cast_voices(std::size_t count, VoicePool pool, Random& random) {
  std::vector<const Voice*> fitting = voices_in(pool), cast;
  for (std::size_t i = 0; i < count; ++i) {
    const auto chosen = fitting.begin() + random.below(std::int64_t(fitting.size()));
    cast.push_back(*chosen);
    fitting.erase(chosen);
  }
  return cast;
}

// What is said, in the order in which it is said, and how long the pause between is.
struct Dialogue {
  std::vector<Line> lines;
  std::vector<Speech> speeches;
  double pause = 0;
  double seconds() const {
    double sum = pause;
    for (const Speech& speech : speeches) sum += speech.seconds();
    return sum;
  }
};

// Shorter lines after every few tries that were too long; none where these voices say nothing that is short enough.
std::optional<Dialogue> try_dialogue(const std::vector<const Voice*>& speakers, double seconds, Random& random) {
  const std::int64_t longest = speakers.size() == 1 ? 4 : 2;
  for (int attempt = 0; attempt < kTriesPerCast; ++attempt) {
    const std::int64_t most = std::max<std::int64_t>(1, longest - attempt / 3);
    Dialogue dialogue;
    dialogue.lines.push_back(draw_line(most, random));
    if (speakers.size() == 2) {
      dialogue.lines.push_back(draw_answer(dialogue.lines[0], most, random));
      dialogue.pause = random.uniform(kShortestPause, kLongestPause);
    }
    for (std::size_t i = 0; i < speakers.size(); ++i) {
      dialogue.speeches.push_back(speak(*speakers[i], dialogue.lines[i]));
    }
    if (dialogue.seconds() <= seconds) return dialogue;
  }
  return std::nullopt;
}

struct Cast {
  std::vector<const Voice*> speakers;  // in the order in which they speak
  Dialogue dialogue;
};

Cast draw_cast(std::size_t count, VoicePool pool, double seconds, Random& random) {
  for (int attempt = 0; attempt < kCasts; ++attempt) {
    const std::vector<const Voice*> speakers = cast_voices(count, pool, random);
    if (auto dialogue = try_dialogue(speakers, seconds, random)) return {speakers, std::move(*dialogue)};
  }
  throw InvalidRequest("render", concat("nothing that talkers say fits into ", seconds, " s; ask for 2 s or more"));
}

std::vector<Blink> draw_blinks(double seconds, Random& random) {
  std::vector<Blink> blinks;
  for (double time = random.uniform(0.1, 1.6); time < seconds; time += random.uniform(1.2, 3.0)) {
    blinks.push_back({time, time + 0.2});
  }
  return blinks;
}

Sway draw_sway(Random& random) {
  const auto phase = [&] { return random.uniform(0, 2 * std::numbers::pi); };
  return {random.uniform(0.25, 0.6), random.uniform(0.3, 0.7), phase(), phase()};
}

}  // namespace

TalkersScript write_talkers(std::uint64_t seed, const Stage& stage, std::size_t count, VoicePool pool) {
  Random random(mix_seed(seed, "talkers")), looks(mix_seed(seed, "talkers looks"));
  const double room = stage.seconds - 2 * kEdge;
  auto [speakers, dialogue] = draw_cast(count, pool, room, random);
  double time = kEdge + random.uniform(0, room - dialogue.seconds());
  TalkersScript script;
  script.first = count == 2 ? std::size_t(random.below(2)) : 0;
  for (std::size_t turn = 0; turn < count; ++turn) {
    const std::size_t place = count == 1 ? 0 : turn == 0 ? script.first : 1 - script.first;
    const MouthTrack mouth(dialogue.speeches[turn], time);
    const PersonLook look = draw_person_look(speakers[turn]->speaker, looks);
    Talker talker{speakers[turn], look, figures_of(count, stage.aspect)[place], dialogue.lines[turn], time,
                  random.uniform(0.8, 1.2), std::move(dialogue.speeches[turn]), mouth, draw_sway(looks),
                  draw_blinks(stage.horizon(), looks)};
    time = talker.end() + dialogue.pause;
    script.talkers.push_back(std::move(talker));
  }
  if (script.first == 1) std::swap(script.talkers[0], script.talkers[1]);
  return script;
}

HeadPose pose_at(const Talker& talker, double time) {
  const Sway& s = talker.sway;
  const double reach = kSway * talker.figure.scale, turn = 2 * std::numbers::pi;
  HeadPose pose{reach * std::sin(turn * s.rate_x * time + s.phase_x),
                reach * std::sin(turn * s.rate_y * time + s.phase_y)};
  for (const Blink& blink : talker.blinks) {
    const double passed = (time - blink.start) / (blink.end - blink.start);
    if (passed > 0 && passed < 1) pose.eyes_open = std::abs(2 * passed - 1);
  }
  return pose;
}

}  // namespace phonofilm::world
