#include "phonofilm/families/nava/synthesis.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/ltx_audio_vae/ltx_audio_vae.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/nava/checkpoint.h"
#include "phonofilm/families/wan22.h"
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"
#include "phonofilm/vocoders/ltx_vocoder/ltx_vocoder.h"

namespace phonofilm::nava {
namespace {

using families::Network;
using families::Scale;
using nlohmann::json;

std::vector<std::string> config_files() { return {kConfigFile, wan22::kTextConfigFile, wan22::kVaeConfigFile}; }

void set_backbone(NavaConfig& c, std::int64_t dim, std::int64_t heads, std::int64_t ffn, std::int64_t doubles,
                  std::int64_t singles) {
  c.dim = dim;
  c.num_heads = heads;
  c.ffn_dim = ffn;
  c.num_double_layers = doubles;
  c.num_single_layers = singles;
}

// What the sound's file says of its own networks, in the publisher's words (read_ltx_audio_vae_config,
// read_ltx_vocoder_config).
json audio_vae_section(const autoencoders::LtxAudioVaeConfig& c) {
  const json network{{"double_z", true},
                     {"mel_bins", c.mel_bins},
                     {"z_channels", c.z_channels},
                     {"in_channels", 2},
                     {"out_ch", 2},
                     {"ch", c.ch},
                     {"ch_mult", c.ch_mult},
                     {"num_res_blocks", c.num_res_blocks},
                     {"attn_resolutions", json::array()},
                     {"mid_block_add_attention", false},
                     {"norm_type", "pixel"},
                     {"causality_axis", "height"}};
  return {{"model", {{"params", {{"sampling_rate", c.sampling_rate}, {"ddconfig", network}}}}}};
}

json generator_section(const vocoders::LtxGeneratorConfig& c) {
  const std::vector<std::vector<std::int64_t>> dilations(c.network.resblock_kernel_sizes.size(),
                                                         c.network.resblock_dilations);
  return {{"upsample_initial_channel", c.network.upsample_initial_channel},
          {"resblock", "AMP1"},
          {"upsample_rates", c.network.upsample_rates},
          {"upsample_kernel_sizes", c.network.upsample_kernel_sizes},
          {"resblock_kernel_sizes", c.network.resblock_kernel_sizes},
          {"resblock_dilation_sizes", dilations},
          {"stereo", true},
          {"activation", "snakebeta"},
          {"use_tanh_at_final", c.use_tanh_at_final},
          {"use_bias_at_final", c.use_bias_at_final},
          {"apply_final_activation", c.apply_final_activation}};
}

json vocoder_section(const vocoders::LtxVocoderConfig& c) {
  json extension = generator_section(c.extension);
  extension.update({{"input_sampling_rate", c.input_sampling_rate}, {"output_sampling_rate", c.output_sampling_rate},
                    {"hop_length", c.hop_length}, {"n_fft", c.n_fft}, {"win_size", c.n_fft}, {"num_mels", c.mel_bins}});
  return {{"vocoder", generator_section(c.generator)}, {"bwe", extension}};
}

// As read_redimnet_config reads it.
json speaker_section(const speaker_encoders::ReDimNetConfig& c) {
  json stages = json::array();
  for (const speaker_encoders::ReDimNetStage& s : c.stages) {
    stages.push_back({s.stride, s.blocks, 1, json::array({json::array({s.kernel, s.kernel})}), s.reduction});
  }
  return {{"F", c.mels},
          {"C", c.channels},
          {"block_1d_type", "att"},
          {"block_2d_type", "convnext_like"},
          {"stages_setup", stages},
          {"group_divisor", c.group_divisor},
          {"embed_dim", c.embed_dim},
          {"hop_length", c.hop_length},
          {"pooling_func", "ASTP"}};
}

std::vector<Network> networks(Scale scale) {
  const FolderConfig c = config_at(scale);
  const std::string sound =
      json{{"audio_vae", audio_vae_section(c.audio_vae)}, {"vocoder", vocoder_section(c.vocoder)}}.dump();
  std::vector<Network> all;
  all.push_back(backbone_network(c.backbone, published_variants().front()));
  all.push_back(wan22::text_network(wan22::text_config_at(scale)));
  all.push_back(wan22::video_vae_network(wan22::video_vae_config_at(scale)));
  all.push_back({.file = kSoundFile, .under = "audio_vae", .dtype = at::kBFloat16,
                 .model = std::make_unique<autoencoders::LtxAudioVae>(c.audio_vae), .metadata = {{"config", sound}}});
  all.push_back({.file = kSoundFile, .under = "vocoder", .dtype = at::kBFloat16,
                 .model = std::make_unique<vocoders::LtxVocoder>(c.vocoder)});
  all.push_back({.file = kSpeakerSafetensors, .model = std::make_unique<speaker_encoders::ReDimNet>(c.speaker),
                 .metadata = {{"model_config", speaker_section(c.speaker).dump()}}});
  return all;
}

void write_configs(const std::string& root, Scale scale) {
  make_folder(std::filesystem::path(root + "/" + wan22::kTextConfigFile).parent_path().string());
  save_json(root + "/" + kConfigFile, write_nava_config(config_at(scale).backbone));
  auto text = wan22::text_config_at(scale);
  auto video_vae = wan22::video_vae_config_at(scale);
  save_json(root + "/" + wan22::kTextConfigFile, write_json(text.fields()));
  save_json(root + "/" + wan22::kVaeConfigFile, write_json(video_vae.fields()));
}

}  // namespace

FolderConfig config_at(Scale scale) {
  FolderConfig c;
  if (scale == Scale::half) {
    set_backbone(c.backbone, /*dim=*/1536, /*heads=*/12, /*ffn=*/7168, /*doubles=*/5, /*singles=*/10);
  }
  if (scale == Scale::toy) {
    set_backbone(c.backbone, /*dim=*/96, /*heads=*/3, /*ffn=*/160, /*doubles=*/2, /*singles=*/3);
    c.backbone.freq_dim = 64;
    c.backbone.text_len = 64;
    c.audio_vae.ch = 16;
    c.vocoder.generator.network.upsample_initial_channel = 128;
    c.vocoder.extension.network.upsample_initial_channel = 64;
    c.speaker.mels = 24;
    c.speaker.channels = 8;
  }
  c.backbone.text_dim = wan22::text_config_at(scale).dim;
  return c;
}

double synthesis_bytes(const SynthesisOptions& options) { return families::bytes_of(networks(options.scale)); }

void synthesise(const std::string& root, const SynthesisOptions& options, const Observer& observer) {
  const std::vector<Network> all = networks(options.scale);
  std::vector<std::string> files = config_files();
  for (const Network& network : all) files.push_back(network.file);
  // Random weights beside published ones must never come about unasked.
  families::require_absent(root, {published_variants().back().file, kSpeakerFile}, "choose another folder");
  if (!options.overwrite) families::require_absent(root, files, "choose another folder or pass --overwrite");
  families::require_room(root, families::bytes_of(all));
  // Those of another scale would speak for weights that they do not describe.
  for (const std::string& file : config_files()) std::filesystem::remove(root + "/" + file);
  if (options.scale != Scale::full) write_configs(root, options.scale);
  families::write_random_weights(root, all, options.seed, observer);
}

}  // namespace phonofilm::nava
