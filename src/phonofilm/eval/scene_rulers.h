// Which scene of the rendered world is measured how: one table. Falling balls are not in it (eval/scoring.h).
#pragma once

#include <string>
#include <vector>

#include "phonofilm/eval/instruments.h"
#include "phonofilm/eval/readings.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::eval {

struct SceneRuler {
  std::string scene;
  std::vector<FigureSpec> (*figures)();
  // Of the truth only what the caption tells is used, unless the film depicts the truth. Throws ShapeError for films
  // without picture or sound.
  Readings (*read)(const Clip& clip, const world::Truth& truth, bool depicts_truth, Instruments& instruments);
};

const std::vector<SceneRuler>& scene_rulers();
// Null for a scene that is not in the table.
const SceneRuler* find_ruler(const std::string& scene);

}  // namespace phonofilm::eval
