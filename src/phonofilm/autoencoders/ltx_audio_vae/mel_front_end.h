// The log-mel spectrogram of the LTX audio autoencoder: for each stereo channel, ln of the magnitude in 64 Slaney bands
// up to 8 kHz, 100 frames per second.
#pragma once

#include "phonofilm/dsp/mel.h"

namespace phonofilm::autoencoders {

// waveform [B, 2, S] -> [B, 2, 1 + S / hop, bins] float32. S must exceed fft / 2, the reflected margin. Differentiable.
Tensor ltx_log_mel(const Tensor& waveform, const dsp::LogMel& front_end);

// waveform [B, 1, S] or [B, 2, S] -> [B, 2, S]: mono is heard on both sides. Throws ShapeError for more channels, which
// have to be mixed down first.
Tensor ltx_stereo(const Tensor& waveform);

}  // namespace phonofilm::autoencoders
