// The films of the scenes that scene_rulers.h lists, while an evaluation goes on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/eval/scene_report.h"
#include "phonofilm/eval/scene_rulers.h"
#include "phonofilm/tensor/clip.h"

namespace phonofilm::eval {

class SceneEvaluation {
 public:
  // The instruments must outlive it.
  explicit SceneEvaluation(Instruments& instruments) : instruments_(instruments) {}

  // Measures a film of a scene in the table as one of `group`. `file` is where it is kept.
  void add(const std::string& group, const world::Truth& truth, const Clip& clip, bool depicts_truth,
           const std::string& file);
  // The picture of one film with the sound of another.
  void add_pair(const std::string& group, const world::Truth& truth, const Clip& picture, const Clip& sound);
  // As add_pair, with the sound that was given for this scene the last time; the first time nothing is measured.
  void add_shuffled(const world::Truth& truth, const Clip& clip);

  // One report per scene, in the order of the table.
  std::vector<SceneReport> reports(std::uint64_t seed) const;

 private:
  struct Films {
    std::map<std::string, std::vector<SceneFilm>> groups;
    std::optional<Clip> before;
  };
  std::map<std::string, Films> scenes_;
  Instruments& instruments_;
};

}  // namespace phonofilm::eval
