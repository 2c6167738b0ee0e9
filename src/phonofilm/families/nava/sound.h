// From audio tokens to the sound of a film, as NAVA finishes it.
#pragma once

#include <string>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nava {

// tokens [1, 128, L] -> waveform [2, 480 (4 L - 3)] at kSampleRate, or a third of the samples at kNarrowSampleRate,
// finished. Float32 throughout. Networks are loaded from the published file at `path` and dropped one after the other;
// throws CheckpointError, and InvalidRequest for another rate.
Tensor decode_sound(const std::string& path, const Tensor& tokens, std::int64_t sample_rate);
// waveform [1 or 2, S] at 16 kHz -> tokens [1, 128, S / 640 rounded up]; the publisher's encoder makes one more, of
// silence.
Tensor encode_sound(const std::string& path, const Tensor& waveform);

// Whether the file's networks make what this family writes: 16 and 48 kHz, a hundred mel frames a second, tokens of
// `token_width` numbers. Reads its description alone. Throws CheckpointError, InvalidRequest.
void check_sound(const std::string& path, std::int64_t token_width);

// Clamped to +-0.99, then as loud as a peak of 0.95 allows; but what is all but silent stays so.
Tensor finished_sound(const Tensor& waveform);

}  // namespace phonofilm::nava
