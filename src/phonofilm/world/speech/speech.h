// Words spoken by a voice, with the exact time of every phoneme. Synthesised by espeak-ng
// (github.com/espeak-ng/espeak-ng); one version of it speaks the same samples for the same words, whatever was spoken
// before and on whichever thread.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/world/recording.h"
#include "phonofilm/world/speech/voices.h"

namespace phonofilm::world {

// Times in seconds from the first sample of the recording, which is the beginning of the first phoneme.
struct Phoneme {
  std::string name;  // espeak-ng's mnemonic, "oU"; "_" is a pause
  double start = 0, end = 0;
};

struct SpokenWord {
  std::string text;
  double start = 0, end = 0;
};

struct Speech {
  Recording sound;  // peak 0.5
  std::vector<Phoneme> phonemes;
  std::vector<SpokenWord> words;
  double seconds() const { return words.back().end; }
};

// Whether this program was built with espeak-ng (PHONOFILM_SPEECH).
bool speech_available();

// words: at least one, of small letters. May be called from several threads; they wait for each other. Throws
// InvalidRequest for other words or without espeak-ng, ResourceError where its data cannot be loaded or lack the voice.
Speech speak(const Voice& voice, const std::vector<std::string>& words);

}  // namespace phonofilm::world
