#include "phonofilm/world/everything.h"

#include "phonofilm/base/random.h"
#include "phonofilm/world/world.h"

namespace phonofilm::world {
namespace {

struct Share {
  const char* scene;
  double share;  // of the films
};
// Two balls and tunes have the most to be learnt of the picture, speech of the sound; the shares add up to 1.
constexpr Share kShares[] = {{"impacts", 0.10}, {"hard_impacts", 0.34}, {"talker", 0.02}, {"talker_many_voices", 0.06},
                             {"two_talkers", 0.03}, {"two_talkers_many_voices", 0.11}, {"xylophone", 0.22},
                             {"lamp", 0.04}, {"car", 0.04}, {"rain", 0.04}};

}  // namespace

std::string pick_of_everything(std::uint64_t seed) {
  Random random(mix_seed(seed, "everything"));
  double rest = random.uniform();
  for (const Share& share : kShares) {
    rest -= share.share;
    if (rest < 0) return share.scene;
  }
  return kShares[0].scene;
}

std::vector<std::string> everything_words() {
  std::vector<std::string> names;
  for (const Share& share : kShares) names.emplace_back(share.scene);
  return caption_words(names);
}

}  // namespace phonofilm::world
