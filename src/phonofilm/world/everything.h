// The mixture "everything": one of the scenes that are meant for training, by fixed shares.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phonofilm::world {

// The scene that a seed is a film of.
std::string pick_of_everything(std::uint64_t seed);
std::vector<std::string> everything_words();

}  // namespace phonofilm::world
