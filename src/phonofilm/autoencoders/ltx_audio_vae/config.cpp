#include "phonofilm/autoencoders/ltx_audio_vae/config.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/ltx_audio_vae/published_config.h"
#include "phonofilm/base/error.h"

namespace phonofilm::autoencoders {
namespace {

using nlohmann::json;

constexpr std::size_t kMostLevels = 8;
constexpr double kLongestFilm = 1e6;  // seconds

void check(bool holds, std::string_view where, std::string_view rule) {
  PF_CHECK(holds, InvalidRequest, "config", where, ": ", rule);
}

void take(json& into, const json& section, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (section.contains(key)) into[key] = section[key];
  }
}

// What the design fixes. Other keys (resolution, dropout, downsample_time and the like) change nothing at inference.
void require_known_network(const json& network, std::string_view where) {
  ltx_require(network, "double_z", true, where);
  ltx_require(network, "in_channels", kLtxAudioChannels, where);
  ltx_require(network, "out_ch", kLtxAudioChannels, where);
  ltx_require(network, "attn_resolutions", json::array(), where);
  ltx_require(network, "mid_block_add_attention", false, where);
  ltx_require(network, "norm_type", "pixel", where);
  ltx_require(network, "causality_axis", "height", where);  // time, in a picture of time x bands
}

// The front end is described beside the network, and repeats some of its numbers. Its "causal" is not looked at: the
// published transform is centred.
void take_front_end(json& own, const json& preprocessing, std::string_view where) {
  const json &stft = ltx_section(preprocessing, "stft", where), &mel = ltx_section(preprocessing, "mel", where);
  take(own, stft, {"filter_length", "hop_length"});
  take(own, mel, {"mel_fmin", "mel_fmax"});
  if (own.contains("filter_length")) ltx_require(stft, "win_length", own["filter_length"], where);
  if (own.contains("mel_bins")) ltx_require(mel, "n_mel_channels", own["mel_bins"], where);
  if (!preprocessing.contains("audio") || !own.contains("sampling_rate")) return;
  ltx_require(ltx_section(preprocessing, "audio", where), "sampling_rate", own["sampling_rate"], where);
}

}  // namespace

Fields LtxAudioVaeConfig::fields() {
  return {{"ch", &ch, "channels at the mel's resolution", 1.0, 2048.0},
          {"ch_mult", &ch_mult, "widening of the levels", 1.0, 64.0},
          {"num_res_blocks", &num_res_blocks, "residual blocks per level of the encoder", 1.0, 16.0},
          {"z_channels", &z_channels, "latent channels", 1.0, 1024.0},
          {"mel_bins", &mel_bins, "mel bands", 1.0, 512.0},
          {"sampling_rate", &sampling_rate, "samples per second", 1000.0, 192000.0},
          {"filter_length", &filter_length, "samples of the FFT and of its window", 16.0, 8192.0},
          {"hop_length", &hop_length, "samples between mel frames", 1.0, 4096.0},
          {"mel_fmin", &mel_fmin, "lower edge of the first band, Hz", 0.0, 96000.0},
          {"mel_fmax", &mel_fmax, "upper edge of the last band, Hz", 1.0, 96000.0}};
}

void LtxAudioVaeConfig::validate(std::string_view where) const {
  check(!ch_mult.empty() && ch_mult.size() <= kMostLevels, where, "ch_mult must hold 1 to 8 numbers");
  check(mel_bins % stride() == 0, where, "mel_bins must be divisible by 2 once for every level but the last");
  check(filter_length % 2 == 0 && hop_length <= filter_length / 2, where,
        "filter_length must be even and at least twice hop_length");
  check(mel_fmin < mel_fmax && mel_fmax <= double(sampling_rate) / 2, where,
        "mel_fmin must lie below mel_fmax, and that not above half of sampling_rate");
}

dsp::MelConfig LtxAudioVaeConfig::mel() const {
  dsp::MelConfig config;
  config.sample_rate = sampling_rate;
  config.fft = filter_length;
  config.hop = hop_length;
  config.bins = mel_bins;
  config.fmin = mel_fmin;
  config.fmax = mel_fmax;
  config.scale = config.norm = "slaney";
  config.log_floor = 1e-5;
  return config;
}

std::int64_t LtxAudioVaeConfig::tokens_for_seconds(double seconds) const {
  PF_CHECK(seconds > 0 && seconds <= kLongestFilm, InvalidRequest, "ltx_audio_vae",
           "a length of more than 0 and at most ", kLongestFilm, " seconds is needed, got ", seconds);
  constexpr double kRounding = 1e-6;  // of a product that is meant to be whole, as in 145 / 24.0 * 24
  return std::int64_t(std::ceil(seconds * double(sampling_rate) / double(samples_per_token()) - kRounding));
}

LtxAudioVaeConfig read_ltx_audio_vae_config(const json& audio_vae, std::string_view where) {
  const json& params = ltx_section(ltx_section(audio_vae, "model", where), "params", where);
  const json& network = ltx_section(params, "ddconfig", where);
  require_known_network(network, where);
  json own = json::object();
  take(own, params, {"sampling_rate"});
  take(own, network, {"ch", "ch_mult", "num_res_blocks", "z_channels", "mel_bins"});
  if (audio_vae.contains("preprocessing")) take_front_end(own, ltx_section(audio_vae, "preprocessing", where), where);
  LtxAudioVaeConfig config;
  read_json(own, config.fields(), where);
  config.validate(where);
  return config;
}

}  // namespace phonofilm::autoencoders
