#include "phonofilm/families/ovi/networks.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/wan22_vae/wan22_vae.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/ovi/transformer.h"
#include "phonofilm/text_encoders/umt5/umt5_encoder.h"

namespace phonofilm::ovi {
namespace {

using autoencoders::MmaudioVaeConfig;
using autoencoders::Wan22VaeConfig;
using nlohmann::json;
using text_encoders::Umt5Config;
using vocoders::BigVganConfig;

json optional_json(const std::string& path) {
  return std::filesystem::exists(path) ? load_json(path) : json::object();
}

// A part of MMAudio/audio.json.
json sound_section(const std::string& root, const char* section) {
  const std::string path = root + "/" + kSoundConfigFile;
  const json both = optional_json(path);
  PF_CHECK(both.is_object(), InvalidRequest, "config", path, ": must be an object with the sections vae and bigvgan");
  return both.value(section, json::object());
}

void save(const std::string& root, const char* file, const json& value) {
  const std::string path = root + "/" + file;
  make_folder(std::filesystem::path(path).parent_path().string());
  save_json(path, value);
}

}  // namespace

std::vector<std::string> config_files() {
  return {kVideoConfigFile, kAudioConfigFile, kTextConfigFile, kVaeConfigFile, kSoundConfigFile};
}

OviConfig read_tower_config(const std::string& root) {
  return read_ovi_config(optional_json(root + "/" + kVideoConfigFile), optional_json(root + "/" + kAudioConfigFile),
                         root + "/Ovi");
}

Umt5Config read_text_config(const std::string& root) {
  const std::string path = root + "/" + kTextConfigFile;
  return text_encoders::read_umt5_config(optional_json(path), path);
}

Wan22VaeConfig read_video_vae_config(const std::string& root) {
  const std::string path = root + "/" + kVaeConfigFile;
  return autoencoders::read_wan22_vae_config(optional_json(path), path);
}

MmaudioVaeConfig read_audio_vae_config(const std::string& root) {
  MmaudioVaeConfig config;
  read_json(sound_section(root, "vae"), config.fields(), concat(root, "/", kSoundConfigFile, ": vae"));
  return config;
}

BigVganConfig read_vocoder_config(const std::string& root) {
  return vocoders::read_bigvgan_config(sound_section(root, "bigvgan"), concat(root, "/", kSoundConfigFile, ": bigvgan"));
}

FolderConfig read_folder_config(const std::string& root) {
  return {read_tower_config(root), read_text_config(root), read_video_vae_config(root), read_audio_vae_config(root),
          read_vocoder_config(root)};
}

void write_folder_config(const std::string& root, FolderConfig config) {
  save(root, kVideoConfigFile, write_json(config.towers.video.fields()));
  save(root, kAudioConfigFile, write_json(config.towers.audio.fields()));
  save(root, kTextConfigFile, write_json(config.text.fields()));
  save(root, kVaeConfigFile, write_json(config.video_vae.fields()));
  save(root, kSoundConfigFile,
       {{"vae", write_json(config.audio_vae.fields())}, {"bigvgan", write_json(config.vocoder.fields())}});
}

at::ScalarType Network::dtype_of(const std::string& tensor) const {
  const bool wide = tensor.find("norm") != std::string::npos || tensor.find("bias") != std::string::npos;
  return dtype == at::kFloat8_e4m3fn && wide ? at::kBFloat16 : dtype;
}

std::vector<std::string> Network::misfits(const weights::TensorMap& tensors) const {
  const std::string prefix = under.empty() ? "" : under + ".";
  const bool vocoder = file == kVocoderFile;  // whose weight normalisation has two spellings
  return model->misfits(vocoder ? vocoders::with_weight_norm_names(tensors) : tensors, prefix);
}

Network towers_network(const OviConfig& config, const Variant& variant) {
  const at::ScalarType dtype = variant.name.ends_with("_fp8") ? at::kFloat8_e4m3fn : at::kBFloat16;
  return {variant.file, "", dtype, std::make_unique<OviTransformer>(config)};
}

Network text_network(const Umt5Config& config) {
  return {kTextEncoderFile, "", at::kBFloat16, std::make_unique<text_encoders::Umt5Encoder>(config)};
}

Network video_vae_network(const Wan22VaeConfig& config) {
  return {kVideoVaeFile, "", at::kFloat, std::make_unique<autoencoders::Wan22Vae>(config)};
}

Network audio_vae_network(const MmaudioVaeConfig& config) {
  return {kAudioVaeFile, "", at::kFloat, std::make_unique<autoencoders::MmaudioVae>(config)};
}

Network vocoder_network(const BigVganConfig& config) {
  return {kVocoderFile, "generator", at::kFloat, std::make_unique<vocoders::BigVgan>(config)};
}

}  // namespace phonofilm::ovi
