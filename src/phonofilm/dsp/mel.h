// Log-mel spectrograms. One config describes every front end that published audio models use.
#pragma once

#include "phonofilm/base/fields.h"
#include "phonofilm/dsp/stft.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::dsp {

// The defaults are the embedded model's front end: natural log of the magnitude (not the power) in 80 triangular bands.
// MMAudio 16 kHz is fmin 0, scale and norm "slaney", framing "inner", log_base "10", log_floor 1e-5.
struct MelConfig {
  std::int64_t sample_rate = 16000;
  std::int64_t fft = 1024, hop = 256;
  std::int64_t bins = 80;
  double fmin = 20, fmax = 8000;    // Hz
  std::string scale = "htk";        // 2595 log10(1 + f / 700), or "slaney": linear below 1 kHz, logarithmic above
  std::string norm = "none";        // peaks of 1, or "slaney": areas of 1
  double power = 1;                 // exponent of the magnitude before the filters: 1 or 2
  double log_floor = 1e-4;          // the filtered value is clamped to at least this
  std::string log_base = "e";       // or "10"
  std::string framing = "centred";  // or "inner"; see stft.h

  Fields fields();
  StftConfig stft() const;
};

// Weights [bins, fft / 2 + 1] float32, computed in float64. Throws InvalidRequest where a band has no FFT bin.
Tensor mel_filterbank(const MelConfig& config);

// A front end with its filterbank at hand. Safe to call from several threads.
class LogMel {
 public:
  explicit LogMel(const MelConfig& config);
  const MelConfig& config() const { return config_; }
  const Tensor& filterbank() const { return filterbank_; }

  // waveform [B, S] -> [B, bins, S / hop] float32; the last centred frame, which looks beyond the end, is dropped.
  Tensor of_waveform(const Tensor& waveform) const;
  // magnitude [B, fft / 2 + 1, T] -> [B, bins, T].
  Tensor of_magnitude(const Tensor& magnitude) const;

 private:
  MelConfig config_;
  Tensor filterbank_;
};

// The non-negative magnitudes whose mel is nearest (multiplicative updates of Lee and Seung, 2001): the inverse of
// LogMel::of_magnitude as far as there is one. log_mel [B, bins, T] -> [B, fft / 2 + 1, T]. Many magnitudes share a
// mel; the one found is near `start` [B, fft / 2 + 1, T] (positive), when that is given.
Tensor magnitude_of_mel(const Tensor& log_mel, const LogMel& front_end, std::int64_t iterations = 100,
                        const Tensor& start = {});

}  // namespace phonofilm::dsp
