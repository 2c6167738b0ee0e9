#include "phonofilm/world/everything.h"

#include <stdexcept>

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

const char* pick_scene(std::uint64_t seed) {
  Random random(mix_seed(seed, "everything"));
  double rest = random.uniform();
  for (const Share& share : kShares) {
    rest -= share.share;
    if (rest < 0) return share.scene;
  }
  return kShares[0].scene;
}

const SceneEntry& entry_of(const std::string& name) {
  for (const SceneEntry& entry : scenes()) {
    if (entry.name == name) return entry;
  }
  throw std::out_of_range("no scene " + name);
}

// Plays another scene, and says so in its truth.
class Guest : public Scene {
 public:
  Guest(std::string name, std::uint64_t seed, std::unique_ptr<Scene> scene)
      : name_(std::move(name)), seed_(seed), scene_(std::move(scene)) {}
  Truth truth() const override {
    Truth truth = scene_->truth();
    truth.scene = name_;
    truth.seed = seed_;
    return truth;
  }
  void draw_background(Canvas& canvas) const override { scene_->draw_background(canvas); }
  void draw(double time, Canvas& canvas) const override { scene_->draw(time, canvas); }
  void sound(const SoundBuffer& buffer) const override { scene_->sound(buffer); }

 private:
  std::string name_;
  std::uint64_t seed_;
  std::unique_ptr<Scene> scene_;
};

}  // namespace

std::unique_ptr<Scene> make_everything(std::uint64_t seed, const Stage& stage) {
  const char* name = pick_scene(seed);
  return std::make_unique<Guest>(name, seed, entry_of(name).make(seed, stage));
}

std::vector<std::string> everything_words() {
  std::vector<std::string> names;
  for (const Share& share : kShares) names.emplace_back(share.scene);
  return caption_words(names);
}

}  // namespace phonofilm::world
