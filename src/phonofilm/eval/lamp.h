// Does a lamp beep while it is lit? Edges of the light in the picture, edges of the beep in the sound.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phonofilm/eval/pixels.h"
#include "phonofilm/eval/readings.h"
#include "phonofilm/eval/series.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::eval {

// Something that is on or off, and when that changes; seconds.
struct Edges {
  std::vector<double> on, off;
};
// Where a series crosses the middle between its lowest and its highest value for good: a crossing counts once the
// series is a sixth of that range beyond the middle, the last one before that. None where lowest and highest differ by
// less than `least_range`.
Edges edges_of(const Series& series, double least_range);

// Brightness of those pixels that change most, by frame.
Series light_in(const Pictures& pictures, double fps);

std::vector<FigureSpec> lamp_figures();
// Of the truth only the number of flashes and the pitch are used, which captions tell, unless the film depicts it.
Readings read_lamp(const Clip& clip, const world::Truth& truth, bool depicts_truth);

}  // namespace phonofilm::eval
