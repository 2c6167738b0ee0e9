#include "phonofilm/families/ovi/parts.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::ovi {
namespace {

// A file that lies beside another; {} where there is none.
nlohmann::json beside(const std::string& file, const char* name) {
  const std::string path = (std::filesystem::path(file).parent_path() / name).string();
  return std::filesystem::exists(path) ? load_json(path) : nlohmann::json::object();
}

nlohmann::json audio_section(const OviFolder& folder, const char* section) {
  const nlohmann::json json = beside(folder.root + "/MMAudio/", "audio.json");
  return json.contains(section) ? json[section] : nlohmann::json::object();
}

}  // namespace

OviConfig towers_config(const OviFolder& folder) {
  return read_ovi_config(beside(folder.towers, "video.json"), beside(folder.towers, "audio.json"), folder.root + "/Ovi");
}

text_encoders::Umt5Config text_encoder_config(const OviFolder& folder) {
  return text_encoders::read_umt5_config(beside(folder.text_encoder, "t5.json"), folder.root + "/Wan2.2-TI2V-5B/t5.json");
}

autoencoders::Wan22VaeConfig video_vae_config(const OviFolder& folder) {
  return autoencoders::read_wan22_vae_config(beside(folder.video_vae, "vae.json"), folder.root + "/Wan2.2-TI2V-5B/vae.json");
}

autoencoders::MmaudioVaeConfig audio_vae_config(const OviFolder& folder) {
  autoencoders::MmaudioVaeConfig config;
  read_json(audio_section(folder, "vae"), config.fields(), folder.root + "/MMAudio/audio.json: vae");
  return config;
}

vocoders::BigVganConfig vocoder_config(const OviFolder& folder) {
  const nlohmann::json json = audio_section(folder, "bigvgan");
  if (json.empty()) return {};
  return vocoders::read_bigvgan_config(json, folder.root + "/MMAudio/audio.json: bigvgan");
}

std::unique_ptr<text_encoders::Umt5Encoder> load_text_encoder(const OviFolder& folder) {
  auto encoder = std::make_unique<text_encoders::Umt5Encoder>(text_encoder_config(folder));
  encoder->load(weights::open_tensors(folder.text_encoder).tensors, folder.text_encoder, "", nn::kStoredDtype);
  return encoder;
}

std::unique_ptr<autoencoders::Wan22Vae> load_video_vae(const OviFolder& folder, at::ScalarType dtype) {
  return autoencoders::load_wan22_vae(folder.video_vae, video_vae_config(folder), dtype);
}

std::unique_ptr<autoencoders::MmaudioVae> load_audio_vae(const OviFolder& folder, at::ScalarType dtype) {
  auto vae = std::make_unique<autoencoders::MmaudioVae>(audio_vae_config(folder));
  vae->load(weights::open_tensors(folder.audio_vae).tensors, folder.audio_vae, "", dtype);
  return vae;
}

std::unique_ptr<vocoders::BigVgan> load_vocoder(const OviFolder& folder, at::ScalarType dtype) {
  auto vocoder = std::make_unique<vocoders::BigVgan>(vocoder_config(folder));
  vocoder->load(weights::open_tensors(folder.vocoder).tensors, folder.vocoder, "generator.", dtype);
  return vocoder;
}

}  // namespace phonofilm::ovi
