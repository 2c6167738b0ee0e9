// What the pictures of sound are made of. Private to media/.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::media {

// The bare spectrogram, [height, width, 3] uint8: column x shows the sound around (x + 0.5) / width * seconds (silence
// behind the end), rows are mel-spaced from 0 (bottom) to highest_hertz(rate); 75 dB from dark to light.
Tensor spectrogram_pixels(const Tensor& waveform, std::int64_t sample_rate, double seconds, std::int64_t width,
                          std::int64_t height);

// The top of the frequency axis.
double highest_hertz(std::int64_t sample_rate);
// Share of the axis, 0 at the bottom to 1 at the top, at which a frequency stands.
double axis_share(double hertz, std::int64_t sample_rate);

struct Tick {
  double value = 0;
  std::string label;
};
std::vector<Tick> frequency_ticks(std::int64_t sample_rate, std::int64_t height, std::int64_t least_distance);
// Round numbers of seconds from 0 on, at least `least_distance` pixels apart.
std::vector<Tick> time_ticks(double seconds, std::int64_t width, std::int64_t least_distance);

}  // namespace phonofilm::media
