#include "phonofilm/train/utterances.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/speech/lines.h"
#include "phonofilm/world/speech/speech.h"

namespace phonofilm::train {
namespace {

constexpr double kLongestLead = 0.1;                   // seconds before the first line
constexpr double kShortestPause = 0.05, kLongestPause = 0.2;
constexpr double kQuietest = 1.8e-4, kLoudest = 1e-2;  // of the noise

}  // namespace

Utterance draw_utterance(const world::Voice& voice, std::int64_t samples, Random& random) {
  Utterance utterance{at::empty({samples}, at::kFloat), {}};
  const world::SoundBuffer buffer{utterance.waveform.data_ptr<float>(), 1, samples, kUtteranceRate};
  std::fill_n(buffer.data, samples, 0.0f);
  const double end = double(samples) / double(kUtteranceRate);
  for (double time = random.uniform(0, kLongestLead); time < end;) {
    const world::Line line = world::draw_line(world::kMostWords, random);
    const world::Speech speech = world::speak(voice, line);
    world::add_recording(buffer, speech.sound, time, random.uniform(0.8, 1.2), /*pan=*/0.5);
    time += speech.seconds() + random.uniform(kShortestPause, kLongestPause);
    utterance.words.insert(utterance.words.end(), line.begin(), line.end());
  }
  const double level = std::exp(random.uniform(std::log(kQuietest), std::log(kLoudest)));
  world::add_noise_floor(buffer, level, random.next());
  return utterance;
}

}  // namespace phonofilm::train
