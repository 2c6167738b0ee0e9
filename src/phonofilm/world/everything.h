// The mixture "everything": one of the scenes that are meant for training, by fixed shares.
#pragma once

#include "phonofilm/world/scene.h"

namespace phonofilm::world {

std::unique_ptr<Scene> make_everything(std::uint64_t seed, const Stage& stage);
std::vector<std::string> everything_words();

}  // namespace phonofilm::world
