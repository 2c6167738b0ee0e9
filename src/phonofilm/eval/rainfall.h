// Does rain sound as heavy as it looks? Moving drops in the picture against the level of the sound.
#pragma once

#include <string>

#include "phonofilm/eval/pixels.h"
#include "phonofilm/eval/readings.h"
#include "phonofilm/eval/series.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::eval {

// The share of the picture that is brighter than the film's median picture (drops and their rings), by frame.
Series drops_in(const Pictures& pictures, double fps);

// "grows", "fades" or "steady": the logarithm of the mean over the last third against that over the first.
std::string trend_of(const Series& amount);

std::vector<FigureSpec> rain_figures();
// Of the truth only the trend is used, which every caption tells, unless the film depicts it.
Readings read_rain(const Clip& clip, const world::Truth& truth, bool depicts_truth);

}  // namespace phonofilm::eval
