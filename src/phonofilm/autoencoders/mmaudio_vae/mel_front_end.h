// The log-mel that MMAudio's 16 kHz autoencoder and vocoder were trained with (Cheng et al. 2025): 80 Slaney bands up to
// 8 kHz, 62.5 frames per second, log10 of the magnitude.
#pragma once

#include "phonofilm/dsp/mel.h"

namespace phonofilm::autoencoders {

dsp::MelConfig mmaudio_mel_config();

// waveform [B, S] at 16 kHz, clamped to [-1, 1] -> [B, 80, S / 256] float32. S must exceed 384, the reflected margin.
Tensor mmaudio_mel(const Tensor& waveform);

}  // namespace phonofilm::autoencoders
