// The visible list of scenes.
#include "phonofilm/world/impacts.h"
#include "phonofilm/world/scene.h"

namespace phonofilm::world {

const std::vector<SceneEntry>& scenes() {
  static const std::vector<SceneEntry> kScenes{
      {"impacts", make_impacts, impacts_words},
      {"hard_impacts", make_hard_impacts, impacts_words},
      {"one_ball", make_one_ball, impacts_words},
  };
  return kScenes;
}

}  // namespace phonofilm::world
