#include "phonofilm/families/ovi/networks.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/ovi/transformer.h"
#include "phonofilm/families/wan22.h"

namespace phonofilm::ovi {
namespace {

using autoencoders::MmaudioVaeConfig;
using families::optional_json;
using nlohmann::json;
using vocoders::BigVganConfig;

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
  return {kVideoConfigFile, kAudioConfigFile, wan22::kTextConfigFile, wan22::kVaeConfigFile, kSoundConfigFile};
}

OviConfig read_tower_config(const std::string& root) {
  return read_ovi_config(optional_json(root + "/" + kVideoConfigFile), optional_json(root + "/" + kAudioConfigFile),
                         root + "/Ovi");
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
  return {read_tower_config(root), wan22::read_text_config(root), wan22::read_video_vae_config(root), read_audio_vae_config(root),
          read_vocoder_config(root)};
}

void write_folder_config(const std::string& root, FolderConfig config) {
  save(root, kVideoConfigFile, write_json(config.towers.video.fields()));
  save(root, kAudioConfigFile, write_json(config.towers.audio.fields()));
  save(root, wan22::kTextConfigFile, write_json(config.text.fields()));
  save(root, wan22::kVaeConfigFile, write_json(config.video_vae.fields()));
  save(root, kSoundConfigFile,
       {{"vae", write_json(config.audio_vae.fields())}, {"bigvgan", write_json(config.vocoder.fields())}});
}

Network towers_network(const OviConfig& config, const Variant& variant) {
  const at::ScalarType dtype = variant.name.ends_with("_fp8") ? at::kFloat8_e4m3fn : at::kBFloat16;
  return {variant.file, "", dtype, std::make_unique<OviTransformer>(config)};
}

Network audio_vae_network(const MmaudioVaeConfig& config) {
  return {kAudioVaeFile, "", at::kFloat, std::make_unique<autoencoders::MmaudioVae>(config)};
}

Network vocoder_network(const BigVganConfig& config) {
  return {kVocoderFile, "generator", at::kFloat, std::make_unique<vocoders::BigVgan>(config), vocoders::with_weight_norm_names};
}

}  // namespace phonofilm::ovi
