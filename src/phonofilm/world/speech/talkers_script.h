// Who talks in a film of talkers and when: drawn from a seed, with the words spoken by their voices.
#pragma once

#include <cstdint>
#include <vector>

#include "phonofilm/world/scene.h"
#include "phonofilm/world/speech/lines.h"
#include "phonofilm/world/speech/mouth.h"
#include "phonofilm/world/speech/person_look.h"

namespace phonofilm::world {

struct Blink {
  double start = 0, end = 0;
};

// A head sways: two slow sines, at most kSway either way.
struct Sway {
  double rate_x = 0, rate_y = 0;    // Hz
  double phase_x = 0, phase_y = 0;  // radians
};

struct Talker {
  const Voice* voice = nullptr;
  PersonLook look;
  Figure figure;
  Line line;
  double start = 0;  // seconds, when the first phoneme is heard
  double gain = 1;
  Speech speech;
  MouthTrack mouth;
  Sway sway;
  std::vector<Blink> blinks;
  double end() const { return start + speech.seconds(); }
};

struct TalkersScript {
  std::vector<Talker> talkers;  // from left to right
  std::size_t first = 0;        // who speaks first
};

// count: 1 or 2 talkers, with voices of `pool`. Throws InvalidRequest where nothing that can be said fits the stage.
TalkersScript write_talkers(std::uint64_t seed, const Stage& stage, std::size_t count, VoicePool pool);

HeadPose pose_at(const Talker& talker, double time);

}  // namespace phonofilm::world
