// The voices of the rendered world.
#pragma once

#include <string>
#include <vector>

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
// Throws InvalidRequest for an unknown id.
const Voice& voice_of(const std::string& id);

}  // namespace phonofilm::world
