// The visible list of scenes.
#include "phonofilm/world/car.h"
#include "phonofilm/world/impacts.h"
#include "phonofilm/world/lamp.h"
#include "phonofilm/world/mixtures.h"
#include "phonofilm/world/rain.h"
#include "phonofilm/world/scene.h"
#include "phonofilm/world/speech/speech.h"
#include "phonofilm/world/speech/talkers.h"
#include "phonofilm/world/speech/talkers_caption.h"
#include "phonofilm/world/xylophone.h"

namespace phonofilm::world {
namespace {

std::vector<SceneEntry> list_scenes() {
  std::vector<SceneEntry> list{{"impacts", make_impacts, impacts_words},
                               {"hard_impacts", make_hard_impacts, impacts_words},
                               {"one_ball", make_one_ball, impacts_words},
                               {"xylophone", make_xylophone, xylophone_words},
                               {"lamp", make_lamp, lamp_words},
                               {"car", make_car, car_words},
                               {"rain", make_rain, rain_words}};
  if (!speech_available()) return list;
  for (const TalkersEntry& scene : talkers_scenes()) list.push_back({scene.name, scene.make, talkers_words});
  list.push_back({"everything", nullptr, mixture_words, pick_of_everything});
  list.push_back({"mostly_speech", nullptr, mixture_words, pick_of_mostly_speech});
  return list;
}

}  // namespace

const std::vector<SceneEntry>& scenes() {
  static const std::vector<SceneEntry> kScenes = list_scenes();
  return kScenes;
}

}  // namespace phonofilm::world
