// The words for a film of talkers: what is said between <S> and <E>, how they look, and in some captions how they
// sound, there between <AUDCAP> and <ENDAUDCAP>.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/base/random.h"
#include "phonofilm/world/speech/talkers_script.h"

namespace phonofilm::world {

// At most kMostCaptionWords words.
std::string caption_of(const TalkersScript& script, Random& random);

std::vector<std::string> talkers_words();

}  // namespace phonofilm::world
