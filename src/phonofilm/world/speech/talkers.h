// The scenes with speech: "talker", one person who says a line, and "two_talkers", two who answer each other. Each
// comes three times: with the voices for training, with many voices made of them ("talker_many_voices"), and with the
// voices that are kept from training ("talker_new_voices").
#pragma once

#include "phonofilm/world/scene.h"

namespace phonofilm::world {

struct TalkersEntry {
  const char* name;
  std::unique_ptr<Scene> (*make)(std::uint64_t seed, const Stage& stage);
};
std::vector<TalkersEntry> talkers_scenes();

}  // namespace phonofilm::world
