// The LTX-2.3 audio autoencoder (Lightricks), which NAVA uses unchanged, by the published tensor names: 16 kHz stereo
// sound becomes 25 tokens of 128 numbers a second, and tokens become a log-mel spectrogram, which vocoders/ltx_vocoder
// makes audible.
//
//   const auto vae = load_ltx_audio_vae("params/LTX2/ltx-2.3-22b-dev_audio_vae.safetensors");
//   const Tensor tokens = vae->encode(ltx_stereo(waveform));
//
// Everything is computed in float32, whatever the file holds; there is no RunContext to say otherwise.
// Safe to call from several threads once it is loaded.
#pragma once

#include <memory>
#include <string>

#include "phonofilm/autoencoders/ltx_audio_vae/config.h"
#include "phonofilm/autoencoders/ltx_audio_vae/mel_front_end.h"
#include "phonofilm/nn/module.h"

namespace phonofilm::autoencoders {

namespace ltx_audio {
class Encoder;
class Decoder;
}  // namespace ltx_audio

class LtxAudioVae : public nn::Module {
 public:
  // Declares the parameters; none is allocated before load() or initialise(). Throws InvalidRequest for a contradictory
  // config.
  explicit LtxAudioVae(const LtxAudioVaeConfig& config = {});
  ~LtxAudioVae() override;
  const LtxAudioVaeConfig& config() const { return config_; }
  const dsp::LogMel& front_end() const { return front_end_; }
  const ltx_audio::Encoder& encoder() const { return *encoder_; }

  // waveform [B, 2, S] at sampling_rate, S more than filter_length / 2 -> tokens [B, L, 128] of mean 0 and deviation 1,
  // L = config().tokens(S): the mean of the posterior, channel c of band group m at index 16 c + m. Differentiable.
  Tensor encode(const Tensor& waveform) const;
  // The same from ltx_log_mel: [B, 2, T, mel_bins] -> [B, ceil(T / stride), 128].
  Tensor encode_mel(const Tensor& mel) const;
  // tokens [B, L, 128] -> log-mel [B, 2, 4 L - 3, mel_bins]. Differentiable.
  Tensor decode(const Tensor& tokens) const;

 private:
  LtxAudioVaeConfig config_;
  dsp::LogMel front_end_;
  std::unique_ptr<ltx_audio::Encoder> encoder_;
  std::unique_ptr<ltx_audio::Decoder> decoder_;
  Tensor &mean_, &deviation_;  // of each token value over the training data; constants, no gradient reaches them
};

// Reads configuration and weights ("audio_vae.*") from the published file. Throws CheckpointError if it is missing,
// damaged or does not fit what it says of itself, InvalidRequest for a configuration of another kind.
std::unique_ptr<LtxAudioVae> load_ltx_audio_vae(const std::string& path);

}  // namespace phonofilm::autoencoders
