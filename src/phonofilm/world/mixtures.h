// Mixtures: each of their films is one of the scenes that are meant for training, by fixed shares.
//   "everything"     the whole world, as models/mini learnt it
//   "mostly_speech"  the same scenes, but in three of five films somebody speaks: for what everything has too little of
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phonofilm::world {

// The scene that a seed is a film of.
std::string pick_of_everything(std::uint64_t seed);
std::string pick_of_mostly_speech(std::uint64_t seed);
std::vector<std::string> mixture_words();  // of both

}  // namespace phonofilm::world
