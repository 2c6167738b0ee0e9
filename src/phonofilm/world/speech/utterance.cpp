#include "phonofilm/world/speech/utterance.h"

#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/recording.h"
#include "phonofilm/world/speech/speech.h"

namespace phonofilm::world {

Tensor utterance(const Voice& voice, const std::vector<std::string>& words, std::int64_t rate) {
  constexpr double kSilence = 0.05;  // seconds on either side
  const Speech speech = speak(voice, words);
  const auto samples = std::int64_t((speech.seconds() + 2 * kSilence) * double(rate));
  const Tensor wave = at::zeros({1, samples}, at::kFloat);
  const SoundBuffer buffer{wave.data_ptr<float>(), 1, samples, rate};
  add_recording(buffer, speech.sound, kSilence, /*gain=*/1, /*pan=*/0.5);
  return wave;
}

}  // namespace phonofilm::world
