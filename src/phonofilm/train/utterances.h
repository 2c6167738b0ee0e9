// Speech of the rendered world without its scenes: voices that say random lines.
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

}  // namespace phonofilm::train
