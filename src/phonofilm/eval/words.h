// Is what the caption says said, and by whom? Words by a recogniser that was trained on the world's speech, voices by
// comparison with all of the world's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phonofilm/eval/instruments.h"
#include "phonofilm/eval/readings.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::eval {

// A line of the truth: who says what.
struct ToldLine {
  std::vector<std::string> words;
  std::string voice;  // of the talker: "v03"
};
// In the order in which they are said.
std::vector<ToldLine> told_lines(const world::Truth& truth);

std::vector<FigureSpec> word_figures();   // of any film with speech
std::vector<FigureSpec> turns_figures();  // of two talkers, beside them

// Adds the figures of words and voices of a sound [C, S]. Without a recogniser there are no words, and voices only
// where one talker has the whole sound. A caption need not tell how a voice sounds: films that were given no reference
// voices have it right by chance only.
void read_words(const Tensor& waveform, std::int64_t sample_rate, const world::Truth& truth, Instruments& instruments,
                Readings& readings);

}  // namespace phonofilm::eval
