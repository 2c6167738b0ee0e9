// The voices of the rendered world.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/base/random.h"

namespace phonofilm::world {

struct Voice {
  std::string id;       // "v01"
  std::string speaker;  // "man", "woman", "boy", "girl": whose face goes with it
  std::string sound;    // what captions call it: "deep slow"
  std::string variant;  // of espeak-ng
  int pitch = 50;       // 0 to 99
  int range = 50;       // of the melody, 0 to 99
  int rate = 160;       // words per minute as heard
  double tract = 1;     // how much higher all its resonances lie than the variant's: a shorter vocal tract
  bool held_out = false;  // never in a scene that is meant for training
};

const std::vector<Voice>& voices();
std::vector<Voice> training_voices();  // those that are not held out
std::vector<std::string> variants();   // of all voices, in the order of their letters

// A voice like one of those for training, with another pitch, melody, speed and vocal tract and the throat (variant) of
// any of them: together they fill the room in which the held-out ones lie, and none is near one that is held out. It
// keeps id, speaker and sound of the one that it is made of.
Voice draw_voice(Random& random);
// One that is hard to tell from `voice`, and not near one that is held out either. Throws InvalidRequest where `voice`
// is held out itself.
Voice draw_neighbour(const Voice& voice, Random& random);

// 4096 drawn voices, "m0000" to "m4095": whoever learns from twelve voices learns which of the twelve it is.
const std::vector<Voice>& made_voices();

enum class VoicePool { training, held_out, made };
std::vector<const Voice*> voices_in(VoicePool pool);

// A voice of voices() or of made_voices(). Throws InvalidRequest for an unknown id.
const Voice& voice_of(const std::string& id);

}  // namespace phonofilm::world
