// What ReDimNet hears: log-mel frames of 16 kHz speech, each band freed of its mean over time (and with it of the
// recording's loudness and colour).
#pragma once

#include "phonofilm/nn/module.h"

namespace phonofilm::speaker_encoders::redimnet {

inline constexpr std::int64_t kSampleRate = 16000;
inline constexpr std::int64_t kFft = 512, kWindow = 400;  // samples

// Pre-emphasis y(n) = x(n) - 0.97 x(n - 1), power spectra of 400 samples under a Hamming window, triangular HTK bands
// from 20 to 7600 Hz, log(power + 1e-6), minus its mean over time. Filter, window and bands are stored with the weights
// and used as stored; they are constants, no gradient reaches them.
class MelBanks : public nn::Module {
 public:
  MelBanks(nn::Module& parent, const std::string& name, std::int64_t mels, std::int64_t hop);
  // waveform [B, S] float32 at 16 kHz, S more than 256 (the margin that is reflected) -> [B, mels, S / hop + 1]
  // float32. Differentiable.
  Tensor forward(const Tensor& waveform) const;

 private:
  Tensor emphasised(const Tensor& waveform) const;  // [B, S] -> [B, S]
  std::int64_t hop_;
  Tensor &filter_, &window_, &bands_;
};

}  // namespace phonofilm::speaker_encoders::redimnet
