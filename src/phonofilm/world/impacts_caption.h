// The words for an "impacts" film.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/base/random.h"
#include "phonofilm/world/impacts_script.h"

namespace phonofilm::world {

// Names colour and material of each ball; any detail that it adds (size, height, direction, bounces on the floor,
// walls, sound, where it ends) is true of the script.
std::string caption_of(const ImpactsScript& script, const Stage& stage, Random& random);

std::vector<std::string> impacts_words();

}  // namespace phonofilm::world
