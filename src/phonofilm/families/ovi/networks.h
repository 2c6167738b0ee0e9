// The networks behind the files of Ovi's folder (checkpoint.h): their sizes, and the tensors that each file must hold.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "phonofilm/autoencoders/mmaudio_vae/mmaudio_vae.h"
#include "phonofilm/autoencoders/wan22_vae/config.h"
#include "phonofilm/families/network.h"
#include "phonofilm/families/ovi/checkpoint.h"
#include "phonofilm/families/ovi/config.h"
#include "phonofilm/text_encoders/umt5/config.h"
#include "phonofilm/vocoders/bigvgan/bigvgan.h"

namespace phonofilm::ovi {

using families::Network;

// The JSON files that stand beside weights of other sizes than the published ones.
inline constexpr const char* kVideoConfigFile = "Ovi/video.json";
inline constexpr const char* kAudioConfigFile = "Ovi/audio.json";
inline constexpr const char* kSoundConfigFile = "MMAudio/audio.json";  // {"vae": ..., "bigvgan": ...}
std::vector<std::string> config_files();  // all of them, those of wan22.h included

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
autoencoders::MmaudioVaeConfig read_audio_vae_config(const std::string& root);
vocoders::BigVganConfig read_vocoder_config(const std::string& root);
FolderConfig read_folder_config(const std::string& root);
// Writes all five files, into folders that it makes where they are missing.
void write_folder_config(const std::string& root, FolderConfig config);

Network towers_network(const OviConfig& config, const Variant& variant);
Network audio_vae_network(const autoencoders::MmaudioVaeConfig& config);
Network vocoder_network(const vocoders::BigVganConfig& config);

}  // namespace phonofilm::ovi
