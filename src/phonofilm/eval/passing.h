// Does a car sound as it passes? Its course in the picture against pitch, side and loudness.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "phonofilm/eval/pixels.h"
#include "phonofilm/eval/readings.h"
#include "phonofilm/eval/series.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::eval {

// A car at constant speed: x = aspect / 2 + speed (t - passes), heights.
struct Passing {
  double speed = 0;   // heights per second, positive to the right
  double passes = 0;  // seconds, when it is straight ahead
};
// Fitted to the centre of what differs from the film's median picture, over those frames in which all of it is seen.
// None where nothing moves.
std::optional<Passing> find_passing(const Pictures& pictures, double fps);

// Frequency of the strongest steady tone between 450 and 1800 Hz over time, relative to its median; every 10 ms.
Series frequency_ratio(const std::vector<double>& wave, double rate);
// 0 left, 1 right, by the powers of two channels; [2, S] float32. Every 5 ms.
Series pan_of(const Tensor& waveform, double rate);

std::vector<FigureSpec> car_figures();
// Nothing of the truth is used but the direction, which every caption tells or leaves open.
Readings read_car(const Clip& clip, const world::Truth& truth, bool depicts_truth);

}  // namespace phonofilm::eval
