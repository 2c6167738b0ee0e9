// The sections of the evaluation page on the scenes other than falling balls.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/eval/scene_report.h"

namespace phonofilm::eval {

// Per scene: a table of figures by group with their intervals, and its worst and best films with what was read off
// them.
std::string scene_sections(const std::vector<SceneReport>& scenes);

// Digits behind the point that a value of this unit is shown with.
inline int digits_of(const std::string& unit) { return unit.empty() || unit == "semitones" ? 2 : 1; }

}  // namespace phonofilm::eval
