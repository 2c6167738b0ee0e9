// The scene "rain": drops fall on a wet street, each heard where it strikes, over a hiss that follows their number.
// The rain grows, fades or stays as it is.
#pragma once

#include "phonofilm/world/scene.h"

namespace phonofilm::world {

std::unique_ptr<Scene> make_rain(std::uint64_t seed, const Stage& stage);
std::vector<std::string> rain_words();

}  // namespace phonofilm::world
