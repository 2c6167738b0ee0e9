// What makes a rebuilt sound right: magnitudes at several window lengths, the mel, and phase differences.
#pragma once

#include "phonofilm/dsp/mel.h"
#include "phonofilm/vocoders/vocos/vocos.h"

namespace phonofilm::train {

// stft: mean over FFT lengths 128, 512, 2048 (hop a quarter) and the mel's own of spectral convergence and L1 of log
// magnitudes (Yamamoto et al. 2020); the short window keeps attacks sharp, the long one keeps lines narrow.
// mel: L1 of the log-mels.
struct SpectralLoss {
  Tensor stft, mel;  // scalars
};
// [B, S] each, S > 1024.
SpectralLoss spectral_loss(const Tensor& guess, const Tensor& truth, const dsp::LogMel& mel);

// Spectral convergence and log distance of the predicted magnitudes themselves, before phases spoil them.
// truth: complex64 [B, fft / 2 + 1, T] of the original sound; scalar.
Tensor predicted_magnitude_loss(const vocoders::Vocos::Prediction& prediction, const Tensor& truth);

// Phases themselves depend on where time began; their differences do not. Each part is the mean of 1 - cos(error),
// weighted by magnitude relative to the loudest bin of the frame.
struct PhaseLoss {
  Tensor advance;  // the predicted rotation per frame, before it is accumulated; 0 for a head without memory
  Tensor in_time;  // between frames, as sounded
  Tensor in_band;  // between neighbouring bins, as sounded: where within a frame the energy lies
};
// truth: complex64 [B, fft / 2 + 1, T] of the original sound.
PhaseLoss phase_loss(const vocoders::Vocos::Prediction& prediction, const Tensor& truth, const dsp::MelConfig& mel);

}  // namespace phonofilm::train
