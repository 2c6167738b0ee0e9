#include "phonofilm/eval/scene_rulers.h"

#include "phonofilm/eval/lamp.h"
#include "phonofilm/eval/passing.h"
#include "phonofilm/eval/rainfall.h"
#include "phonofilm/eval/speech.h"
#include "phonofilm/eval/tune.h"

namespace phonofilm::eval {
namespace {

// A ruler that has learnt nothing.
template <Readings (*read)(const Clip&, const world::Truth&, bool)>
Readings plain(const Clip& clip, const world::Truth& truth, bool depicts_truth, Instruments&) {
  return read(clip, truth, depicts_truth);
}

}  // namespace

const std::vector<SceneRuler>& scene_rulers() {
  static const std::vector<SceneRuler> kRulers{{"talker", talker_figures, read_talker},
                                               {"talker_many_voices", talker_figures, read_talker},
                                               {"talker_new_voices", talker_figures, read_talker},
                                               {"two_talkers", two_talkers_figures, read_two_talkers},
                                               {"two_talkers_many_voices", two_talkers_figures, read_two_talkers},
                                               {"two_talkers_new_voices", two_talkers_figures, read_two_talkers},
                                               {"xylophone", xylophone_figures, plain<read_xylophone>},
                                               {"lamp", lamp_figures, plain<read_lamp>},
                                               {"car", car_figures, plain<read_car>},
                                               {"rain", rain_figures, plain<read_rain>}};
  return kRulers;
}

const SceneRuler* find_ruler(const std::string& scene) {
  for (const SceneRuler& ruler : scene_rulers()) {
    if (ruler.scene == scene) return &ruler;
  }
  return nullptr;
}

}  // namespace phonofilm::eval
