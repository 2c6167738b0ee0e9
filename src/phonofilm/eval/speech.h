// Do mouth and voice belong together, and is what the caption says said? Of one talker or two, from pixels and samples
// alone.
#pragma once

#include "phonofilm/eval/instruments.h"
#include "phonofilm/eval/readings.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::eval {

// The voice's energy rises this much before the lips have opened, in the world itself; it is taken off every lag.
inline constexpr double kVoiceLead = 0.006;  // seconds

std::vector<FigureSpec> talker_figures();
std::vector<FigureSpec> two_talkers_figures();

// Of the truth only what is said, in whose voice and in which order is used, unless the film depicts the truth; then
// the mouth is held against it, too.
Readings read_talker(const Clip& clip, const world::Truth& truth, bool depicts_truth, Instruments& instruments);
Readings read_two_talkers(const Clip& clip, const world::Truth& truth, bool depicts_truth, Instruments& instruments);

// 0: the caption lets the left talker speak first, 1: the right one; none where it does not say.
std::optional<std::size_t> first_speaker_told(const std::string& caption);

}  // namespace phonofilm::eval
