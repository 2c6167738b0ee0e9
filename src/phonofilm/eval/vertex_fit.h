// The exact moment of a strike: a flight, a vertex and what follows it, fitted as one curve.
#pragma once

#include <cstdint>
#include <optional>

#include "phonofilm/eval/piecewise.h"

namespace phonofilm::eval {

// A place that is known beforehand, e.g. where this object touched the floor at other times.
struct KnownPlace {
  double value = 0;      // heights
  double deviation = 0;  // how well it is known
};

// place(t) = place + speed_before (t - time) + a (t - time)^2 / 2 before the strike; after it the same with
// speed_after, or, where it comes to rest, place alone.
struct Vertex {
  double time = 0, place = 0;
  double speed_before = 0, speed_after = 0;  // signed, along the axis
  double noise = 0;                          // heights: deviation of the frames from the curve, robust
  double time_error = 0;                     // seconds: standard error of `time` by that noise
};

// Fits the strike between two neighbouring pieces, using up to seven frames on either side that belong to them. The
// three linear unknowns are solved for exactly, with Huber weights; time is searched. The two frames next to the strike
// count half, since codecs round the tip of the curve. None where there are too few frames or no minimum in reach.
std::optional<Vertex> fit_vertex(const Course& course, const Piece& before, const Piece& after, double acceleration,
                                 const std::optional<KnownPlace>& known);

}  // namespace phonofilm::eval
