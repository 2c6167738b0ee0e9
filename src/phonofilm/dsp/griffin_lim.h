// Phase from magnitudes by alternating projections: a vocoder that needs no training.
#pragma once

#include "phonofilm/dsp/mel.h"
#include "phonofilm/dsp/stft.h"

namespace phonofilm::dsp {

struct GriffinLimConfig {
  std::int64_t iterations = 60;
  double momentum = 0.99;  // of the fast variant (Perraudin, Balazs and Søndergaard 2013); 0 is the 1984 algorithm
  std::uint64_t seed = 0;  // of the initial phases
};

// magnitude [B, fft / 2 + 1, T] of centred frames -> waveform [B, samples], samples at most T * hop.
Tensor griffin_lim(const Tensor& magnitude, const StftConfig& stft, std::int64_t samples,
                   const GriffinLimConfig& config = {});

// The same from given phases: spectrum complex64 [B, fft / 2 + 1, T], whose magnitudes are not used. config.seed has no
// use.
Tensor refine_phases(const Tensor& spectrum, const Tensor& magnitude, const StftConfig& stft, std::int64_t samples,
                     const GriffinLimConfig& config = {});

// From a log-mel [B, bins, T] -> waveform [B, T * hop].
Tensor griffin_lim_of_mel(const Tensor& log_mel, const LogMel& front_end, const GriffinLimConfig& config = {});

}  // namespace phonofilm::dsp
