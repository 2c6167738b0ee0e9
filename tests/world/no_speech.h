// Tests of speech are nothing in a build without it.
#pragma once

#include <doctest/doctest.h>

#include "phonofilm/world/speech/speech.h"

namespace phonofilm::test {

inline bool no_speech() {
  if (!world::speech_available()) MESSAGE("skipped: built without espeak-ng");
  return !world::speech_available();
}

}  // namespace phonofilm::test
