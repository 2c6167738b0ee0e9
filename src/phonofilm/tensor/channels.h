// Channels of sound.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm {

// waveform [C, S] -> [channels, S]: mono is the mean of the channels, more channels than there are hold copies of it; 0
// leaves the count as it is.
Tensor with_channels(const Tensor& waveform, std::int64_t channels);

}  // namespace phonofilm
