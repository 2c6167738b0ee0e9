// The scene "impacts": one or two balls fall, bounce on the floor, roll, and hit the walls; every strike is heard.
#pragma once

#include "phonofilm/world/scene.h"

namespace phonofilm::world {

std::unique_ptr<Scene> make_impacts(std::uint64_t seed, const Stage& stage);
// "hard_impacts": the same world with more films of two balls and more balls that hit a wall, to learn from and to
// measure them.
std::unique_ptr<Scene> make_hard_impacts(std::uint64_t seed, const Stage& stage);
// "one_ball": one ball that stays clear of the walls; small models learn it in minutes.
std::unique_ptr<Scene> make_one_ball(std::uint64_t seed, const Stage& stage);
std::vector<std::string> impacts_words();

}  // namespace phonofilm::world
