// Speech of the rendered world without its scenes: voices that say random lines, and new voices made of known ones.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/base/random.h"
#include "phonofilm/tensor/tensor.h"
#include "phonofilm/world/speech/voices.h"

namespace phonofilm::train {

inline constexpr std::int64_t kUtteranceRate = 16000;  // Hz, what speaker encoders hear

struct Utterance {
  Tensor waveform;                 // [samples] float32
  std::vector<std::string> words;  // of the lines, the last of which may be cut off
};

// Lines of the world one after the other, over a floor of noise 40 to 75 dB below full scale. Throws InvalidRequest in
// a build without speech.
Utterance draw_utterance(const world::Voice& voice, std::int64_t samples, Random& random);

// How far a drawn voice may lie from the one that it is made of.
struct VoiceChange {
  double pitch = 12, range = 25;      // of 99, either way
  double rate = 0.15, tract = 0.10;  // of the logarithm, either way
};
world::Voice draw_voice(const std::vector<world::Voice>& voices, const VoiceChange& change, Random& random);

}  // namespace phonofilm::train
