#include "phonofilm/world/mixtures.h"

#include "phonofilm/base/random.h"
#include "phonofilm/world/world.h"

namespace phonofilm::world {
namespace {

struct Share {
  const char* scene;
  double everything, mostly_speech;  // of the films of that mixture; they add up to 1
};
// Of everything, two balls and tunes have the most to be learnt of the picture, speech of the sound.
constexpr Share kShares[] = {{"impacts", 0.10, 0.05}, {"hard_impacts", 0.34, 0.17}, {"talker", 0.02, 0.04},
                             {"talker_many_voices", 0.06, 0.22}, {"two_talkers", 0.03, 0.06},
                             {"two_talkers_many_voices", 0.11, 0.28}, {"xylophone", 0.22, 0.11}, {"lamp", 0.04, 0.02},
                             {"car", 0.04, 0.03}, {"rain", 0.04, 0.02}};

std::string pick(std::uint64_t seed, const char* mixture, double Share::*of_films) {
  Random random(mix_seed(seed, mixture));
  double rest = random.uniform();
  for (const Share& share : kShares) {
    rest -= share.*of_films;
    if (rest < 0) return share.scene;
  }
  return kShares[0].scene;
}

}  // namespace

std::string pick_of_everything(std::uint64_t seed) { return pick(seed, "everything", &Share::everything); }

std::string pick_of_mostly_speech(std::uint64_t seed) { return pick(seed, "mostly_speech", &Share::mostly_speech); }

std::vector<std::string> mixture_words() {
  std::vector<std::string> names;
  for (const Share& share : kShares) names.emplace_back(share.scene);
  return caption_words(names);
}

}  // namespace phonofilm::world
