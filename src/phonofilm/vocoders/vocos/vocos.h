// A vocoder that predicts the short-time spectrum of a log-mel and inverts it, in the manner of Vocos (Siuzdak 2023):
// ConvNeXt blocks at the frame rate, then magnitudes and phases, then the inverse transform.
//
// Two things differ. The magnitudes are predicted as a correction of the mel's own level spread over its FFT bins,
// because the layer norms hide levels from the network.
// And phases are followed through time. A convolution gives the same output wherever its input looks the same, so on a
// steady tone the original head predicts the same phase in every frame. Such a spectrum repeats every hop: it can only
// sound multiples of the frame rate (62.5 Hz), and a tone between two of them becomes a beating pair. What a
// convolution can know are phase *differences*: how far a bin's phase advances per frame (its frequency) and how phases
// lie relative to each other at an attack. So the head predicts these, and a linear recurrence over frames, one complex
// state per bin, turns them into phases:
//   z[t] = keep[t] * exp(i * (centre advance of the bin + advance[t])) * z[t-1]  +  strike[t] * exp(i * phase[t])
//   spectrum[t] = exp(log_magnitude[t]) * z[t] / |z[t]|
// This is how a struck body sounds: a decaying rotation, excited anew by each blow. keep = 0 is the original head.
#pragma once

#include <memory>
#include <vector>

#include "phonofilm/base/fields.h"
#include "phonofilm/dsp/mel.h"
#include "phonofilm/nn/convnext.h"
#include "phonofilm/nn/layers.h"

namespace phonofilm::vocoders {

struct VocosConfig {
  dsp::MelConfig mel;         // the front end that the weights were trained with
  std::int64_t width = 256;   // channels of the residual stream
  std::int64_t hidden = 768;  // inside a block
  std::int64_t blocks = 5;
  std::int64_t kernel = 7;                // taps of the depthwise convolutions, odd
  double mel_mean = -6, mel_scale = 2.6;  // the network sees (mel - mel_mean) / mel_scale
  bool track_phase = true;                // false: the original head without memory, for comparison
  std::int64_t refinements = 16;          // passes of Griffin-Lim after the prediction, in forward(); 0: as predicted
  Fields fields();                        // all but `mel`
};

class Vocos : public nn::Module {
 public:
  // Per frame and bin, [B, fft / 2 + 1, T].
  struct Prediction {
    Tensor log_magnitude;  // float32
    Tensor advance;        // float32, radians per frame beyond the bin's centre frequency
    Tensor direction;      // complex64 of modulus 1 (0 only where a bin never sounded)
    Tensor spectrum() const;
  };

  // Declares the parameters; nothing is allocated before load() or initialise(). Throws InvalidRequest for a contradictory
  // config.
  explicit Vocos(const VocosConfig& config);
  Vocos(const VocosConfig& config, std::uint64_t seed) : Vocos(config) { initialise(seed); }
  const VocosConfig& config() const { return config_; }

  // mel [B, bins, T]
  Prediction predict(const Tensor& mel, const nn::RunContext& run) const;
  // The inverse transform of a prediction, differentiable: [B, T * hop] float32; sample 0 is the centre of frame 0.
  Tensor waveform(const Prediction& prediction) const;
  // The prediction made consistent before it is inverted: magnitudes are moved until their mel is the given one, then
  // phases until the frames agree with each other (passes of Griffin-Lim). Costs about 2 ms per pass and clip.
  Tensor refined(const Tensor& mel, const Prediction& prediction, std::int64_t passes) const;
  // mel [B, bins, T] -> waveform [B, T * hop] with config().refinements passes.
  Tensor forward(const Tensor& mel, const nn::RunContext& run) const;

 private:
  // The mel's magnitude per FFT bin, as a logarithm: [B, bins, T] -> [B, T, fft / 2 + 1].
  Tensor spread_level(const Tensor& mel) const;

  VocosConfig config_;
  dsp::LogMel front_end_;
  Tensor spread_;  // [fft / 2 + 1, bins]: the share of each band in each FFT bin
  nn::Conv1d in_;
  nn::ConvNextBody body_;
  nn::Linear head_;  // log magnitude, phase and, with memory, keep and strike
  std::unique_ptr<nn::Linear> advance_;
};

void save_vocos(const Vocos& model, const std::string& folder);
// Throws CheckpointError if the folder is incomplete, damaged or holds something else.
std::unique_ptr<Vocos> load_vocos(const std::string& folder, at::ScalarType dtype);

}  // namespace phonofilm::vocoders
