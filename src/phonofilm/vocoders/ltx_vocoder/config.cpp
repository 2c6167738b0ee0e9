#include "phonofilm/vocoders/ltx_vocoder/config.h"

#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/ltx_audio_vae/published_config.h"
#include "phonofilm/base/error.h"

namespace phonofilm::vocoders {
namespace {

using autoencoders::ltx_require;
using autoencoders::ltx_section;
using nlohmann::json;

constexpr std::size_t kMostStages = 16, kMostBlocks = 16;  // lists in a file could be of any length

void check(bool holds, std::string_view where, std::string_view rule) {
  PF_CHECK(holds, InvalidRequest, "config", where, ": ", rule);
}

json taken(const json& section, const Fields& fields) {
  json own = json::object();
  for (const Field& field : fields) {
    if (section.contains(field.name)) own[field.name] = section[field.name];
  }
  return own;
}

void check_lists(const BigVganConfig& network, std::string_view where) {
  check(network.upsample_rates.size() <= kMostStages, where, "upsample_rates must hold at most 16 numbers");
  check(network.resblock_kernel_sizes.size() <= kMostBlocks && network.resblock_dilations.size() <= kMostBlocks, where,
        "resblock_kernel_sizes and a list of resblock_dilation_sizes must hold at most 16 numbers");
}

LtxGeneratorConfig read_generator(const json& published, LtxGeneratorConfig config, std::int64_t mel_bins,
                                  const std::string& where) {
  ltx_require(published, "resblock", "AMP1", where);
  ltx_require(published, "stereo", true, where);
  json network = write_json(config.network.fields());  // where the file is silent
  network.update(published);
  network.erase("resblock");  // of the same kind under another name
  network["num_mels"] = kLtxVocoderChannels * mel_bins;
  config.network = read_bigvgan_config(network, where);
  // Likewise; these are the publisher's defaults, not the published values.
  config.apply_final_activation = config.use_tanh_at_final = config.use_bias_at_final = true;
  const Fields flags = config.flags();
  read_json(taken(published, flags), flags, where);
  config.validate(where);
  return config;
}

}  // namespace

Fields LtxGeneratorConfig::flags() {
  return {{"apply_final_activation", &apply_final_activation, "whether samples are bounded by the network"},
          {"use_tanh_at_final", &use_tanh_at_final, "bounded by tanh, else by a clamp"},
          {"use_bias_at_final", &use_bias_at_final, "bias of the last convolution"}};
}

void LtxGeneratorConfig::validate(std::string_view where) const {
  check_lists(network, where);
  network.validate(where);
  check(network.num_mels % kLtxVocoderChannels == 0, where, "num_mels must be the bands of two sides");
}

LtxGeneratorConfig published_ltx_generator() {
  LtxGeneratorConfig config;
  config.network.num_mels = 128;
  config.network.upsample_initial_channel = 1536;
  config.network.upsample_rates = {5, 2, 2, 2, 2, 2};
  config.network.upsample_kernel_sizes = {11, 4, 4, 4, 4, 4};
  return config;
}

LtxGeneratorConfig published_ltx_bandwidth_extension() {
  LtxGeneratorConfig config;
  config.network.num_mels = 128;
  config.network.upsample_initial_channel = 512;
  config.network.upsample_rates = {6, 5, 2, 2, 2};
  config.network.upsample_kernel_sizes = {12, 11, 4, 4, 4};
  config.apply_final_activation = false;  // what it adds is bounded together with what it is added to
  return config;
}

Fields LtxVocoderConfig::fields() {
  return {{"mel_bins", &mel_bins, "mel bands per side", 1.0, 512.0},
          {"input_sampling_rate", &input_sampling_rate, "before the extension, Hz", 1000.0, 192000.0},
          {"output_sampling_rate", &output_sampling_rate, "after the extension, Hz", 1000.0, 192000.0},
          {"n_fft", &n_fft, "window of the extension's mel in samples", 16.0, 8192.0},
          {"hop_length", &hop_length, "samples between frames of the extension's mel", 1.0, 8192.0}};
}

void LtxVocoderConfig::validate(std::string_view where) const {
  generator.validate(where);
  extension.validate(where);
  for (const LtxGeneratorConfig* part : {&generator, &extension}) {
    check(part->network.num_mels == kLtxVocoderChannels * mel_bins, where,
          "a generator must take the mel bands of both sides");
  }
  check(output_sampling_rate % input_sampling_rate == 0, where,
        "output_sampling_rate must be a multiple of input_sampling_rate");
  check(n_fft % 2 == 0 && hop_length <= n_fft, where, "n_fft must be even and at least hop_length");
  check(extension.network.hop() == hop_length * ratio(), where,
        "upsample_rates of bwe must multiply to hop_length times the ratio of the sampling rates");
}

LtxVocoderConfig read_ltx_vocoder_config(const json& vocoder, std::string_view where) {
  const std::string place(where);
  const json &first = ltx_section(vocoder, "vocoder", where), &second = ltx_section(vocoder, "bwe", where);
  LtxVocoderConfig config;
  json own = taken(second, config.fields());
  own.erase("mel_bins");  // published as num_mels
  if (second.contains("num_mels")) own["mel_bins"] = second["num_mels"];
  read_json(own, config.fields(), place + ": bwe");
  ltx_require(second, "win_size", config.n_fft, place + ": bwe");
  config.generator = read_generator(first, config.generator, config.mel_bins, place + ": vocoder");
  config.extension = read_generator(second, config.extension, config.mel_bins, place + ": bwe");
  config.validate(where);
  return config;
}

}  // namespace phonofilm::vocoders
