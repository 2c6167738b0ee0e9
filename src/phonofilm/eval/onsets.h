// When did something sound? Heard in the wave alone: sudden broadband onsets, to a fraction of a millisecond.
#pragma once

#include <cstdint>
#include <vector>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::eval {

// [C, S] or [S], channels averaged. Throws ShapeError for other shapes.
std::vector<double> mono_samples(const Tensor& waveform);

struct Onset {
  double time = 0;      // seconds from the first sample
  double strength = 0;  // mean over frequencies of the rise of log magnitude in 12 ms, in nepers
  double contrast = 0;  // energy just after over energy just before, tails that ring on removed; natural logarithm
};

struct OnsetOptions {
  double least_strength = 0.35;
  double least_contrast = 0.8;
  double least_gap = 0.048;  // seconds: of two onsets closer than this the weaker is dropped
  double pre_echo = 0.10;    // share of the strike's energy; what comes before it and is fainter is no onset
};

// waveform: [C, S] or [S] float32; channels are averaged, and sound of more than 16 kHz, for which the detector was
// calibrated, is brought to it: what has nothing above 8 kHz shall be heard alike in a file of 48 kHz. In order of time;
// none in the last 16 ms, where the end of the sound itself looks like one. Throws ShapeError for other shapes.
//
// Detection: spectrogram of 16 ms windows every 2 ms, L = log(|S| + 0.004 max |S|), the maximum being that of the 3.2 s
// before and after, so that a loud strike does not hide soft ones far away; rise over 12 ms averaged over
// frequencies, local maxima. The *mean of the per-frequency rise* ignores partials that beat in a ringing tail.
// Timing: a linear predictor, fitted to the 50 ms before, removes what merely rings on; the moment at which the
// remaining energy after (5 ms) exceeds that before (10 ms) most is the onset, to one sample.
std::vector<Onset> find_onsets(const Tensor& waveform, std::int64_t sample_rate, const OnsetOptions& options = {});

}  // namespace phonofilm::eval
