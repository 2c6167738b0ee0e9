// Does a xylophone sound where it is struck? The mallet in the picture, onsets and pitches in the sound.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/eval/pixels.h"
#include "phonofilm/eval/readings.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::eval {

// A mallet that touches a bar, seen.
struct BarStrike {
  double time = 0;       // seconds
  std::int64_t bar = 0;  // 0 the longest
};
// Bars light up when they are struck; where none does, strikes are where the mallet turns. The head of the mallet is
// followed as the disc, dark or white, that differs from the film's median picture. Between two strikes it flies on an
// arc whose height the world fixes, so that the times of all strikes explain its whole course: they are moved until they
// do so best (least squares).
std::vector<BarStrike> find_bar_strikes(const Pictures& pictures, double fps);

// Frequency, in Hz between 400 and 1400, that is louder after `time` than before it: the first partial of a new note.
// None where nothing is.
std::optional<double> new_pitch(const std::vector<double>& wave, double rate, double time);

// The bars that a caption names by number ("bars two five"), from 0; empty where it names none.
std::vector<std::int64_t> bars_told(const std::string& caption);

std::vector<FigureSpec> xylophone_figures();
// Of the truth only caption and number of notes are used, unless the film depicts the truth.
Readings read_xylophone(const Clip& clip, const world::Truth& truth, bool depicts_truth);

}  // namespace phonofilm::eval
