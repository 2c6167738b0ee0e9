// The LTX-2.3 vocoder (Lightricks), which NAVA uses unchanged, by the published tensor names. A generator makes 16 kHz
// stereo of the log-mel that autoencoders/ltx_audio_vae decodes; a second one looks at the log-mel of that and adds
// what 48 kHz have room for beyond it.
//
//   const auto vocoder = load_ltx_vocoder("params/LTX2/ltx-2.3-22b-dev_audio_vae.safetensors");
//   const Tensor waveform = vocoder->forward(vae->decode(tokens));  // 48 kHz
//
// Everything is computed in float32, whatever the file holds; there is no RunContext to say otherwise.
// Safe to call from several threads once it is loaded.
#pragma once

#include <memory>
#include <string>

#include "phonofilm/vocoders/ltx_vocoder/causal_log_mel.h"
#include "phonofilm/vocoders/ltx_vocoder/generator.h"

namespace phonofilm::vocoders {

class LtxVocoder : public nn::Module {
 public:
  // Declares the parameters; nothing is allocated before load() or initialise(). Throws InvalidRequest for a
  // contradictory config.
  explicit LtxVocoder(const LtxVocoderConfig& config = {});
  const LtxVocoderConfig& config() const { return config_; }

  // mel [B, 2, T, mel_bins], T at least 1 -> waveform [B, 2, 480 T] at output_sampling_rate, in [-1, 1].
  // Differentiable.
  Tensor forward(const Tensor& mel) const { return extend(narrow_band(mel)); }

  // The first stage alone: mel [B, 2, T, mel_bins] -> [B, 2, 160 T] at input_sampling_rate. The published one is
  // clamped to [-1, 1], which the second stage relies on.
  Tensor narrow_band(const Tensor& mel) const;
  // The second stage: wave [B, 2, S] at input_sampling_rate -> [B, 2, 3 S] at output_sampling_rate, in [-1, 1].
  Tensor extend(const Tensor& wave) const;

  // waveform [..., S] at output_sampling_rate -> [..., ceil(S / 3)] at input_sampling_rate by dsp::kHannSinc, as NAVA
  // does it before it clamps to +-0.99, measures and writes. For comparison with it: films sound better at 48 kHz.
  Tensor at_input_rate(const Tensor& waveform) const;

  const ltx::Generator& generator() const { return generator_; }
  const ltx::Generator& extension() const { return extension_; }
  const ltx::CausalLogMel& extension_mel() const { return extension_mel_; }

 private:
  LtxVocoderConfig config_;
  ltx::Generator generator_, extension_;
  ltx::CausalLogMel extension_mel_;
};

// [B, 2, T, bins] -> [B, 2 * bins, T]: all bands of the left side, then those of the right.
Tensor ltx_generator_input(const Tensor& mel);

// wave [B, C, S] -> [B, C, ratio * S] by the 16 -> 48 kHz filter of the publisher, dsp::kHannSinc; the first and the
// last sample are repeated beyond the ends, where dsp::resample alone would see silence. Not stored in checkpoints.
Tensor ltx_upsampled(const Tensor& wave, std::int64_t ratio);

// Reads configuration and weights ("vocoder.*") from the published file. Throws CheckpointError if it is missing,
// damaged or does not fit what it says of itself, InvalidRequest for a configuration of another kind.
std::unique_ptr<LtxVocoder> load_ltx_vocoder(const std::string& path);

}  // namespace phonofilm::vocoders
