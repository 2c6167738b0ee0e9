// Sizes of the LTX-2.3 audio autoencoder, read from what the publisher writes into the weights file itself. The
// defaults are the published ones (the same for LTX-2.0, 2.3 and 2.5): 16 kHz stereo, 100 mel frames and 25 tokens of
// 128 numbers a second.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "phonofilm/base/fields.h"
#include "phonofilm/dsp/mel.h"

namespace phonofilm::autoencoders {

inline constexpr std::int64_t kLtxAudioChannels = 2;  // left and right; the published networks have no other number

struct LtxAudioVaeConfig {
  std::int64_t ch = 128;                         // channels at the mel's resolution
  std::vector<std::int64_t> ch_mult = {1, 2, 4};  // widening of the levels; time and bands are halved between two
  std::int64_t num_res_blocks = 2;               // per level of the encoder; the decoder has one more
  std::int64_t z_channels = 8;                   // of the latent
  std::int64_t mel_bins = 64;
  std::int64_t sampling_rate = 16000;            // Hz
  std::int64_t filter_length = 1024;             // samples of the FFT and of its window
  std::int64_t hop_length = 160;                 // samples between mel frames
  double mel_fmin = 0, mel_fmax = 8000;          // Hz

  Fields fields();
  // Throws InvalidRequest where fields contradict each other.
  void validate(std::string_view where) const;
  // ln of the magnitude, at least 1e-5, in Slaney bands of unit area over centred frames.
  dsp::MelConfig mel() const;

  std::int64_t levels() const { return std::int64_t(ch_mult.size()); }
  std::int64_t width(std::int64_t level) const { return ch * ch_mult[std::size_t(level)]; }
  std::int64_t stride() const { return std::int64_t(1) << (levels() - 1); }       // mel frames (and bands) per latent's
  std::int64_t token_width() const { return z_channels * (mel_bins / stride()); }  // 128
  std::int64_t samples_per_token() const { return hop_length * stride(); }         // 640

  // Mel frames of a waveform: 1 + samples / hop_length, because the first frame is centred on sample 0.
  std::int64_t mel_frames(std::int64_t samples) const { return 1 + samples / hop_length; }
  // What encode() makes of a waveform. 640 L samples give L + 1 tokens, of which NAVA keeps the first L.
  std::int64_t tokens(std::int64_t samples) const { return (mel_frames(samples) + stride() - 1) / stride(); }
  // Tokens that NAVA generates for a film of this length, rounded up: 152 for 145 pictures at 24 a second.
  std::int64_t tokens_for_seconds(double seconds) const;
  // Mel frames that decode() makes: 4 L - 3, for the first token knows no past and becomes one frame.
  std::int64_t decoded_frames(std::int64_t tokens) const { return stride() * (tokens - 1) + 1; }
};

// Reads the section "audio_vae" of the publisher's configuration; what it says beyond the sizes above is skipped,
// unless it describes a network of another kind. Throws InvalidRequest for that, for wrong types and for values out of
// range.
LtxAudioVaeConfig read_ltx_audio_vae_config(const nlohmann::json& audio_vae, std::string_view where);

}  // namespace phonofilm::autoencoders
