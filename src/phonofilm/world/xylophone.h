// The scene "xylophone": a mallet strikes a short tune on six bars of different colours; the longer a bar, the lower.
#pragma once

#include "phonofilm/world/scene.h"

namespace phonofilm::world {

std::unique_ptr<Scene> make_xylophone(std::uint64_t seed, const Stage& stage);
std::vector<std::string> xylophone_words();

}  // namespace phonofilm::world
