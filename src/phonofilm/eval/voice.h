// How loud something sounds over time.
#pragma once

#include <cstdint>
#include <vector>

#include "phonofilm/eval/series.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::eval {

// Root mean square between `low` and `high` Hz in Hann windows of `window` seconds, every 5 ms.
Series band_level(const std::vector<double>& wave, double rate, double low, double high, double window);

// Of the definitions tried on rendered talkers, the one that follows the mouth most: level between 400 Hz and 6 kHz to
// the power 0.3, which rises at once and decays in 0.1 s. The band leaves out the fundamental, which is loud behind
// closed lips, too (m, n); the power, between level and its logarithm, counts soft vowels as open without counting
// noise; the decay bridges stops (t, k), at which the lips stay open.
Series voice_envelope(const Tensor& waveform, std::int64_t sample_rate);

// Where a voice sounds: level within 26 dB of its 95th percentile. One entry per value of `level`.
std::vector<bool> sounding(const Series& level);

}  // namespace phonofilm::eval
