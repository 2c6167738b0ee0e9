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

// How far a drawn voice may lie from the one that it is made of.
struct VoiceChange {
  double pitch = 12, range = 25;    // of 99, either way
  double rate = 0.15, tract = 0.10;  // of the logarithm, either way
};
// One of `voices` with another pitch, melody, speed and vocal tract.
Voice draw_voice(const std::vector<Voice>& voices, const VoiceChange& change, Random& random);

// 480 voices, "m000" to "m479", none of which is near one that is held out: whoever learns from twelve voices learns
// which of the twelve it is. Each is drawn from those for training, and sounds by the variant of any of them, so that
// they fill the room in which the held-out ones lie instead of standing around twelve places in it.
const std::vector<Voice>& made_voices();

enum class VoicePool { training, held_out, made };
std::vector<const Voice*> voices_in(VoicePool pool);

// A voice of voices() or of made_voices(). Throws InvalidRequest for an unknown id.
const Voice& voice_of(const std::string& id);

}  // namespace phonofilm::world
