// Speech of the rendered world as training data of a word recogniser: what is said, and when.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phonofilm/recognisers/word_recogniser.h"
#include "phonofilm/world/speech/speech.h"

namespace phonofilm::train {

// Voices are those that are not held out; every line is spoken up to a tenth faster or slower, pitch and resonances
// with it (speed perturbation, Ko et al. 2015), so that a recogniser does not learn twelve voices by heart.
struct SpeechSource {
  double seconds = 2.56;         // of a sound
  double free_words = 0.5;       // share of lines that are words at random; the others are the world's lines
  double two_voices = 0.25;      // share of sounds in which a second voice speaks after the first
  double background = 0.35;      // share of sounds with the sound of another scene behind them
  double most_noise = 0.01;      // standard deviation of white noise, from 1e-4 to this, evenly in its logarithm
};

struct SpokenSound {
  Tensor waveform;                       // [S] float32, 16 kHz
  std::vector<world::SpokenWord> words;  // in order; seconds from the first sample
};
// Sound `index` of a purpose ("train", ...): the same for the same arguments.
SpokenSound spoken_sound(const SpeechSource& source, std::uint64_t seed, const std::string& purpose,
                         std::uint64_t index);

// What the recogniser ought to say at every step, [steps] int64: 0, or 1 + the index of the word in config.words.
Tensor word_labels(const std::vector<world::SpokenWord>& words, const recognisers::WordRecogniserConfig& config,
                   std::int64_t steps);

// Films of a scene with speech, for validation.
struct SpokenFilms {
  Tensor waveforms;                             // [count, S] float32, 16 kHz
  std::vector<std::vector<std::string>> lines;  // the words of each film, in the order in which they are said
};
SpokenFilms spoken_films(const std::string& scene, std::uint64_t seed, std::int64_t count);

}  // namespace phonofilm::train
