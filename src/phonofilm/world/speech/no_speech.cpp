// Instead of espeak.cpp in a build without espeak-ng.
#include "phonofilm/base/error.h"
#include "phonofilm/world/speech/speech.h"

namespace phonofilm::world {

bool speech_available() { return false; }

Speech speak(const Voice&, const std::vector<std::string>&) {
  throw InvalidRequest("speak", "this program was built without espeak-ng; configure it with PHONOFILM_SPEECH=ON");
}

}  // namespace phonofilm::world
