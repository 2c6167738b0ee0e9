#include "phonofilm/world/speech/voices.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "phonofilm/base/error.h"

namespace phonofilm::world {
namespace {

constexpr std::size_t kMade = 4096;

// How far a drawn voice may lie from the one that it is made of.
struct Change {
  double pitch, range;  // of 99, either way
  double rate, tract;   // of the logarithm, either way
};
constexpr Change kStranger{12, 25, 0.15, 0.10}, kNeighbour{6, 12, 0.10, 0.05};

int changed(int value, double change, Random& random) {
  return int(std::clamp(std::lround(value + random.uniform(-change, change)), 0L, 99L));
}

// Of one throat, and hardly apart in pitch and tract: melody and speed alone would tell them.
bool near(const Voice& a, const Voice& b) {
  return a.variant == b.variant && std::abs(a.pitch - b.pitch) < 8 && std::abs(std::log(a.tract / b.tract)) < 0.05;
}

bool near_held_out(const Voice& voice) {
  return std::any_of(voices().begin(), voices().end(), [&](const Voice& v) { return v.held_out && near(v, voice); });
}

// The same for as long as a drawn one is near a voice that is held out.
template <typename Draw>
Voice draw_away_from_held_out(const Draw& draw) {
  Voice voice = draw();
  while (near_held_out(voice)) voice = draw();
  return voice;
}

Voice with_change(Voice voice, const Change& change, Random& random) {
  voice.pitch = changed(voice.pitch, change.pitch, random);
  voice.range = changed(voice.range, change.range, random);
  voice.rate = int(std::lround(voice.rate * std::exp(random.uniform(-change.rate, change.rate))));
  voice.tract *= std::exp(random.uniform(-change.tract, change.tract));
  return voice;
}

}  // namespace

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

std::vector<Voice> training_voices() {
  std::vector<Voice> training;
  for (const Voice& voice : voices()) {
    if (!voice.held_out) training.push_back(voice);
  }
  return training;
}

std::vector<std::string> variants() {
  std::set<std::string> variants;
  for (const Voice& voice : voices()) variants.insert(voice.variant);
  return {variants.begin(), variants.end()};
}

Voice draw_voice(Random& random) {
  static const std::vector<Voice> kTraining = training_voices();
  static const std::vector<std::string> kVariants = variants();
  return draw_away_from_held_out([&random] {
    Voice voice = with_change(random.pick(kTraining), kStranger, random);
    voice.variant = random.pick(kVariants);
    return voice;
  });
}

Voice draw_neighbour(const Voice& voice, Random& random) {
  PF_CHECK(!voice.held_out, InvalidRequest, "voices", voice.id, " is held out: nothing near it may be drawn");
  return draw_away_from_held_out([&] { return with_change(voice, kNeighbour, random); });
}

const std::vector<Voice>& made_voices() {
  static const std::vector<Voice> kVoices = [] {
    Random random(mix_seed(1, "made voices"));
    std::vector<Voice> made;
    while (made.size() < kMade) {
      Voice voice = draw_voice(random);
      const std::string number = std::to_string(made.size());
      voice.id = concat("m", std::string(4 - number.size(), '0'), number);
      made.push_back(std::move(voice));
    }
    return made;
  }();
  return kVoices;
}

std::vector<const Voice*> voices_in(VoicePool pool) {
  std::vector<const Voice*> found;
  for (const Voice& voice : pool == VoicePool::made ? made_voices() : voices()) {
    if (voice.held_out == (pool == VoicePool::held_out)) found.push_back(&voice);
  }
  return found;
}

const Voice& voice_of(const std::string& id) {
  for (const std::vector<Voice>* all : {&voices(), &made_voices()}) {
    const auto found = std::find_if(all->begin(), all->end(), [&](const Voice& voice) { return voice.id == id; });
    if (found != all->end()) return *found;
  }
  throw InvalidRequest("speak", concat("there is no voice '", id, "'"));
}

}  // namespace phonofilm::world
