// The networks behind the files of Ovi's folder (checkpoint.h): their sizes, and the tensors that each file must hold.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "phonofilm/autoencoders/mmaudio_vae/mmaudio_vae.h"
#include "phonofilm/autoencoders/wan22_vae/config.h"
#include "phonofilm/families/ovi/checkpoint.h"
#include "phonofilm/families/ovi/config.h"
#include "phonofilm/text_encoders/umt5/config.h"
#include "phonofilm/vocoders/bigvgan/bigvgan.h"
#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::ovi {

// The JSON files that stand beside weights of other sizes than the published ones.
inline constexpr const char* kVideoConfigFile = "Ovi/video.json";
inline constexpr const char* kAudioConfigFile = "Ovi/audio.json";
inline constexpr const char* kTextConfigFile = "Wan2.2-TI2V-5B/t5.json";
inline constexpr const char* kVaeConfigFile = "Wan2.2-TI2V-5B/vae.json";
inline constexpr const char* kSoundConfigFile = "MMAudio/audio.json";  // {"vae": ..., "bigvgan": ...}
std::vector<std::string> config_files();  // all of them

// Sizes of all networks; the defaults are the published ones.
struct FolderConfig {
  OviConfig towers{};
  text_encoders::Umt5Config text{};
  autoencoders::Wan22VaeConfig video_vae{};
  autoencoders::MmaudioVaeConfig audio_vae{};
  vocoders::BigVganConfig vocoder{};
};

// From the JSON file of `root` if it is there, else published sizes. Throws InvalidRequest, naming the file, for one that
// is damaged or describes another kind of network.
OviConfig read_tower_config(const std::string& root);
text_encoders::Umt5Config read_text_config(const std::string& root);
autoencoders::Wan22VaeConfig read_video_vae_config(const std::string& root);
autoencoders::MmaudioVaeConfig read_audio_vae_config(const std::string& root);
vocoders::BigVganConfig read_vocoder_config(const std::string& root);
FolderConfig read_folder_config(const std::string& root);
// Writes all five files, into folders that it makes where they are missing.
void write_folder_config(const std::string& root, FolderConfig config);

// A network whose parameters are declared and not allocated, and the file of its weights.
struct Network {
  std::string file;                   // kVocoderFile
  std::string under{};                // top-level key of the file that all names stand under
  at::ScalarType dtype = at::kFloat;  // that the publisher stores it in
  std::unique_ptr<nn::Module> model{};

  // Some tensors of a file keep a wider dtype: norms and biases of the float8 towers.
  at::ScalarType dtype_of(const std::string& tensor) const;
  // Every missing, unexpected and mis-shaped tensor of an opened file, a line each; reads no value.
  std::vector<std::string> misfits(const weights::TensorMap& tensors) const;
};

Network towers_network(const OviConfig& config, const Variant& variant);
Network text_network(const text_encoders::Umt5Config& config);
Network video_vae_network(const autoencoders::Wan22VaeConfig& config);
Network audio_vae_network(const autoencoders::MmaudioVaeConfig& config);
Network vocoder_network(const vocoders::BigVganConfig& config);

}  // namespace phonofilm::ovi
