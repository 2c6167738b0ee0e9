// The scene "lamp": a lamp blinks, and beeps as long as it is lit.
#pragma once

#include "phonofilm/world/scene.h"

namespace phonofilm::world {

std::unique_ptr<Scene> make_lamp(std::uint64_t seed, const Stage& stage);
std::vector<std::string> lamp_words();

}  // namespace phonofilm::world
