// The scene "car": a car passes. Its engine is heard with the Doppler shift, the loudness and, with two channels, from
// the side that its place and speed ask for.
#pragma once

#include "phonofilm/world/scene.h"

namespace phonofilm::world {

std::unique_ptr<Scene> make_car(std::uint64_t seed, const Stage& stage);
std::vector<std::string> car_words();

}  // namespace phonofilm::world
