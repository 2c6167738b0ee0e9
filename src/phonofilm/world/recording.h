// Recorded sound that is placed into a film at a real-valued time, at whatever rate the film has.
#pragma once

#include <vector>

#include "phonofilm/world/modal_sound.h"

namespace phonofilm::world {

struct Recording {
  std::vector<float> samples;  // within [-1, 1]
  double rate = 22050;         // samples per second; need not be whole
  double seconds() const { return double(samples.size()) / rate; }
};

// Adds `recording` so that its first sample is heard at `time` (seconds): band-limited interpolation by a windowed
// sinc, accurate to about -70 dB. pan as in Blow.
void add_recording(const SoundBuffer& sound, const Recording& recording, double time, double gain, double pan);

// Root mean square of what is heard of `recording` within `reach` seconds on either side of `time` (seconds from its
// first sample); silence outside.
double level_at(const Recording& recording, double time, double reach);

}  // namespace phonofilm::world
