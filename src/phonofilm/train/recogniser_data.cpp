#include "phonofilm/train/recogniser_data.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/world_data.h"
#include "phonofilm/world/recording.h"
#include "phonofilm/world/speech/lines.h"
#include "phonofilm/world/world.h"

namespace phonofilm::train {
namespace {

constexpr std::int64_t kRate = 16000;
constexpr double kEdge = 0.03;   // seconds of silence at both ends, at least
constexpr double kSpeed = 0.05;  // standard deviation of the logarithm of the speed

double uniform_in_log(double low, double high, Random& random) {
  return std::exp(random.uniform(std::log(low), std::log(high)));
}

const world::Voice& pick_voice(Random& random) {
  const std::vector<world::Voice>& voices = world::voices();
  while (true) {
    const world::Voice& voice = random.pick(voices);
    if (!voice.held_out) return voice;
  }
}

world::Line draw_words(double free_words, Random& random) {
  if (!random.chance(free_words)) return world::draw_line(world::kMostWords, random);
  const std::vector<std::string> all = world::spoken_words();
  world::Line line;
  const std::int64_t count = 1 + random.below(world::kMostWords);
  while (std::int64_t(line.size()) < count) {
    const std::string& word = random.pick(all);
    // espeak-ng speaks "no one" as one word, without a time for the second.
    if (line.empty() || line.back() != "no" || word != "one") line.push_back(word);
  }
  return line;
}

// Shorter lines until one fits into `room` seconds; empty where none does.
world::Speech draw_speech(const SpeechSource& source, double room, Random& random) {
  const world::Voice& voice = pick_voice(random);
  const double speed = std::exp(kSpeed * std::clamp(random.normal(), -2.0, 2.0));
  for (world::Line line = draw_words(source.free_words, random); !line.empty(); line.pop_back()) {
    world::Speech speech = world::speak(voice, line);
    if (speech.seconds() > room * speed) continue;
    speech.sound.rate *= speed;
    for (world::SpokenWord& word : speech.words) word.start /= speed, word.end /= speed;
    return speech;
  }
  return {};
}

void add_background(const world::RenderOptions& options, Random& random, Tensor& waveform) {
  const std::vector<std::string> scenes{"rain", "car", "impacts", "xylophone", "lamp"};
  const std::string& scene = random.pick(scenes);
  const std::uint64_t seed = random.next();
  waveform += uniform_in_log(0.05, 0.6, random) * world::render_sound(scene, seed, options);
}

std::vector<std::string> line_of(const world::Truth& truth) {
  std::vector<world::Span> words = world::spans_of(truth, "word");
  std::sort(words.begin(), words.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
  std::vector<std::string> line;
  for (const world::Span& word : words) line.push_back(word.label);
  return line;
}

}  // namespace

SpokenSound spoken_sound(const SpeechSource& source, std::uint64_t seed, const std::string& purpose,
                         std::uint64_t index) {
  Random random(clip_seed(seed, purpose, index));
  const world::RenderOptions options = world::options_for(source.seconds, /*size=*/32, /*fps=*/24, kRate);
  Tensor waveform = at::zeros({1, options.samples}, at::kFloat);
  const world::SoundBuffer buffer{waveform.data_ptr<float>(), 1, options.samples, kRate};
  const double end = double(options.samples) / double(kRate) - kEdge;
  const int voices = random.chance(source.two_voices) ? 2 : 1;
  SpokenSound sound;
  double time = kEdge;
  for (int i = 0; i < voices; ++i) {
    const world::Speech speech = draw_speech(source, end - time, random);
    if (speech.words.empty()) break;
    const double spare = end - time - speech.words.back().end;
    time += random.uniform(0, voices == 1 ? spare : std::min(0.3, spare));
    world::add_recording(buffer, speech.sound, time, random.uniform(0.6, 1.3), /*pan=*/0.5);
    for (const world::SpokenWord& word : speech.words) {
      sound.words.push_back({word.text, time + word.start, time + word.end});
    }
    time = sound.words.back().end + 0.08;
    if (time > end) break;
  }
  if (random.chance(source.background)) add_background(options, random, waveform);
  world::add_noise_floor(buffer, uniform_in_log(1e-4, source.most_noise, random), random.next());
  sound.waveform = waveform[0];
  return sound;
}

Tensor word_labels(const std::vector<world::SpokenWord>& words, const recognisers::WordRecogniserConfig& config,
                   std::int64_t steps) {
  Tensor labels = at::zeros({steps}, at::kLong);
  for (const world::SpokenWord& word : words) {
    const auto known = std::find(config.words.begin(), config.words.end(), word.text);
    const double begin = word.start + recognisers::kLabelledFrom * (word.end - word.start);
    const auto first = std::clamp<std::int64_t>(std::llround(begin / config.step()), 0, steps);
    const auto last = std::clamp<std::int64_t>(std::llround(word.end / config.step()), first, steps);
    if (known != config.words.end()) labels.slice(0, first, last).fill_(1 + (known - config.words.begin()));
  }
  return labels;
}

SpokenFilms spoken_films(const std::string& scene, std::uint64_t seed, std::int64_t count) {
  SpokenFilms films;
  std::vector<Tensor> waveforms;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t film = clip_seed(seed, "validation", std::uint64_t(i));
    waveforms.push_back(world::render_sound(scene, film, {})[0]);
    films.lines.push_back(line_of(world::truth_of(scene, film, {})));
  }
  films.waveforms = at::stack(waveforms);
  return films;
}

}  // namespace phonofilm::train
