// Sizes of the LTX-2.3 vocoder, read from what the publisher writes into the weights file itself. The defaults are the
// published ones: stereo log-mel at 100 frames per second -> 16 kHz -> 48 kHz.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "phonofilm/vocoders/bigvgan/config.h"

namespace phonofilm::vocoders {

inline constexpr std::int64_t kLtxVocoderChannels = 2;  // left and right, in and out

// One of the two generators. In `network`, num_mels counts the bands of both sides, since the generator sees them
// together.
struct LtxGeneratorConfig {
  BigVganConfig network;
  bool apply_final_activation = true;
  bool use_tanh_at_final = false;  // the final activation: tanh, or a clamp to [-1, 1]
  bool use_bias_at_final = false;  // of the last convolution

  Fields flags();
  // Throws InvalidRequest where fields contradict each other or make a network of absurd size.
  void validate(std::string_view where) const;
};

LtxGeneratorConfig published_ltx_generator();            // mel -> 16 kHz, 160 samples per frame
LtxGeneratorConfig published_ltx_bandwidth_extension();  // mel of that -> what 48 kHz lack, 240 per frame

struct LtxVocoderConfig {
  LtxGeneratorConfig generator = published_ltx_generator();
  LtxGeneratorConfig extension = published_ltx_bandwidth_extension();
  std::int64_t mel_bins = 64;  // per side, of both mels
  std::int64_t input_sampling_rate = 16000, output_sampling_rate = 48000;  // Hz, before and after the extension
  std::int64_t n_fft = 512, hop_length = 80;                               // samples, of the extension's mel

  Fields fields();
  void validate(std::string_view where) const;
  std::int64_t ratio() const { return output_sampling_rate / input_sampling_rate; }
  // Samples at the output rate per frame of the mel that goes in: 480.
  std::int64_t hop() const { return generator.network.hop() * ratio(); }
};

// Reads the section "vocoder" of the publisher's configuration ({"vocoder": ..., "bwe": ...}). Throws InvalidRequest
// for a network of another kind (LTX-2.0's has no "bwe"), for wrong types and for values out of range.
LtxVocoderConfig read_ltx_vocoder_config(const nlohmann::json& vocoder, std::string_view where);

}  // namespace phonofilm::vocoders
