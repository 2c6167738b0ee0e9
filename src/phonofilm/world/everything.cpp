#include "phonofilm/world/everything.h"

#include "phonofilm/base/random.h"
#include "phonofilm/world/world.h"

namespace phonofilm::world {
namespace {

struct Share {
  const char* scene;
  double share;  // of the films
};
// Speech has the most to be learnt; the shares add up to 1.
constexpr Share kShares[] = {{"impacts", 0.18}, {"hard_impacts", 0.07}, {"talker", 0.32}, {"two_talkers", 0.10},
                             {"xylophone", 0.12}, {"lamp", 0.06}, {"car", 0.08}, {"rain", 0.07}};

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
