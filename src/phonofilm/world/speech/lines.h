// What is said in the rendered world: lines of one to four words, and answers to them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phonofilm/base/random.h"

namespace phonofilm::world {

using Line = std::vector<std::string>;  // words

inline constexpr std::int64_t kMostWords = 4;  // of a line

// A line of at most `most` words.
Line draw_line(std::int64_t most, Random& random);
// One that answers `line`: a greeting with a greeting, a number with the next one.
Line draw_answer(const Line& line, std::int64_t most, Random& random);

// Every word of every line, sorted.
std::vector<std::string> spoken_words();

}  // namespace phonofilm::world
