// The scenes with speech: "talker", one person who says a line, and "two_talkers", two who answer each other. Each with
// a twin whose voices are kept from training: "talker_new_voices", "two_talkers_new_voices".
#pragma once

#include "phonofilm/world/scene.h"

namespace phonofilm::world {

std::unique_ptr<Scene> make_talker(std::uint64_t seed, const Stage& stage);
std::unique_ptr<Scene> make_two_talkers(std::uint64_t seed, const Stage& stage);
std::unique_ptr<Scene> make_talker_new_voices(std::uint64_t seed, const Stage& stage);
std::unique_ptr<Scene> make_two_talkers_new_voices(std::uint64_t seed, const Stage& stage);

}  // namespace phonofilm::world
