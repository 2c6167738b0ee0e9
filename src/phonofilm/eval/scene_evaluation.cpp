#include "phonofilm/eval/scene_evaluation.h"

#include <algorithm>

#include "phonofilm/base/error.h"
#include "phonofilm/eval/groups.h"

namespace phonofilm::eval {
namespace {

// A figure that no table knows would be read and never shown.
void expect_known(const Readings& readings, const SceneRuler& ruler) {
  const std::vector<FigureSpec> specs = ruler.figures();
  for (const auto& [name, values] : readings) {
    const auto known = std::any_of(specs.begin(), specs.end(), [&](const auto& spec) { return spec.name == name; });
    PF_CHECK(known, Error, "eval", "the ruler of '", ruler.scene, "' reads '", name,
             "', which is not among its figures");
  }
}

}  // namespace

void SceneEvaluation::add(const std::string& group, const world::Truth& truth, const Clip& clip, bool depicts_truth,
                          const std::string& file) {
  const SceneRuler* ruler = find_ruler(truth.scene);
  PF_CHECK(ruler, InvalidRequest, "eval", "no ruler for the scene '", truth.scene, "'");
  PF_CHECK(clip.has_video() && clip.has_audio(), ShapeError, "eval", "needs a film with picture and sound");
  Readings readings = ruler->read(clip, truth, depicts_truth, instruments_);
  expect_known(readings, *ruler);
  scenes_[truth.scene].groups[group].push_back({truth.caption, truth.seed, file, std::move(readings)});
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
    SceneReport report{ruler.scene, ruler.figures(), {}};
    for (const GroupText& text : group_texts()) {
      const auto found = films->second.groups.find(text.name);
      if (found == films->second.groups.end()) continue;
      report.groups.push_back(summarise_scene(text.name, report.specs, found->second, seed));
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace phonofilm::eval
