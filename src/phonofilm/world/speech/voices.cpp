#include "phonofilm/world/speech/voices.h"

#include "phonofilm/base/error.h"

namespace phonofilm::world {

// Only variants without flutter, roughness and breath: those three keep a state inside espeak-ng from one utterance to
// the next, and an utterance must not depend on what was spoken before. The tract multiplies a variant's pitch, too.
const std::vector<Voice>& voices() {
  static const std::vector<Voice> kVoices{
      {"v01", "man", "deep slow", "Denis", 38, 50, 125, 0.90},
      {"v02", "man", "deep", "Hugo", 45, 45, 160, 0.95},
      {"v03", "man", "fast", "Diogo", 55, 50, 205, 1.00},
      {"v04", "man", "lively", "miguel", 55, 95, 165, 1.00},
      {"v05", "man", "flat", "Henrique", 52, 2, 160, 0.98},
      {"v06", "woman", "clear", "shelby", 50, 35, 160, 1.06},
      {"v07", "woman", "low slow", "Denis", 66, 50, 130, 1.10},
      {"v08", "woman", "fast", "michel", 76, 50, 205, 1.12},
      {"v09", "woman", "lively", "shelby", 58, 90, 165, 1.10},
      {"v10", "woman", "flat", "Hugo", 74, 2, 155, 1.12},
      {"v11", "girl", "high", "Denis", 84, 50, 170, 1.28},
      {"v12", "boy", "high flat", "Diogo", 76, 2, 160, 1.24},
      {"v13", "man", "deep fast", "michel", 42, 50, 200, 0.93, true},
      {"v14", "woman", "high slow", "miguel", 84, 50, 130, 1.14, true},
      {"v15", "girl", "high fast", "shelby", 66, 45, 200, 1.20, true},
      {"v16", "man", "slow", "miguel", 54, 50, 125, 1.03, true}};
  return kVoices;
}

const Voice& voice_of(const std::string& id) {
  for (const Voice& voice : voices()) {
    if (voice.id == id) return voice;
  }
  throw InvalidRequest("speak", concat("there is no voice '", id, "'"));
}

}  // namespace phonofilm::world
