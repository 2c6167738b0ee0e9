#include "phonofilm/eval/scene_evaluation.h"

#include "phonofilm/base/error.h"

namespace phonofilm::eval {
namespace {

struct GroupText {
  const char *name, *description;
};
constexpr GroupText kGroups[] = {
    {"ground_truth", "rendered films: what a perfect film scores"},
    {"codec_round_trip", "rendered films, encoded and decoded: the ceiling of generation"},
    {"generated", "films of held-out captions"},
    {"shuffled", "pictures with the sound of another film: chance"},
    {"same_caption_other_seed", "pictures with the sound of another film of the same caption: what the caption fixes"}};

}  // namespace

void SceneEvaluation::add(const std::string& group, const world::Truth& truth, const Clip& clip, bool depicts_truth,
                          const std::string& file) {
  const SceneRuler* ruler = find_ruler(truth.scene);
  PF_CHECK(ruler, InvalidRequest, "eval", "no ruler for the scene '", truth.scene, "'");
  PF_CHECK(clip.has_video() && clip.has_audio(), ShapeError, "eval", "needs a film with picture and sound");
  scenes_[truth.scene].groups[group].push_back(
      {truth.caption, truth.seed, file, ruler->read(clip, truth, depicts_truth, instruments_)});
}

void SceneEvaluation::add_pair(const std::string& group, const world::Truth& truth, const Clip& picture,
                               const Clip& sound) {
  add(group, truth, {picture.frames, picture.fps, sound.waveform, sound.sample_rate}, /*depicts_truth=*/false, "");
}

void SceneEvaluation::add_shuffled(const world::Truth& truth, const Clip& clip) {
  std::optional<Clip>& before = scenes_[truth.scene].before;
  if (before) add_pair("shuffled", truth, clip, *before);
  before = clip;
}

std::vector<SceneReport> SceneEvaluation::reports(std::uint64_t seed) const {
  std::vector<SceneReport> reports;
  for (const SceneRuler& ruler : scene_rulers()) {
    const auto films = scenes_.find(ruler.scene);
    if (films == scenes_.end()) continue;
    SceneReport report{ruler.scene, {}};
    for (const GroupText& text : kGroups) {
      const auto found = films->second.groups.find(text.name);
      if (found == films->second.groups.end()) continue;
      report.groups.push_back(summarise_scene(text.name, text.description, ruler.figures(), found->second, seed));
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace phonofilm::eval
