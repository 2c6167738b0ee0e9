// Ovi's checkpoint folder, as its own download script lays it out:
//
//   Ovi/model.safetensors | model_960x960.safetensors | model_960x960_10s.safetensors | model_fp8_e4m3fn.safetensors
//   Wan2.2-TI2V-5B/models_t5_umt5-xxl-enc-bf16.pth, Wan2.2_VAE.pth, google/umt5-xxl/spiece.model
//   MMAudio/ext_weights/v1-16.pth, best_netG.pt
//
// JSON files beside the weights (video.json, audio.json, t5.json, vae.json, MMAudio/audio.json) change shapes; the
// published folder has none, and the published shapes are the defaults.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phonofilm/base/prompt_marks.h"

namespace phonofilm::ovi {

// A published set of weights of the towers.
struct Variant {
  std::string name, file;          // "720x720_5s", "Ovi/model.safetensors"
  std::int64_t latent_frames = 0;  // of the picture; 4 n - 3 frames at 24 per second
  std::int64_t audio_latents = 0;  // 512 samples each at 16 kHz
  std::int64_t area = 0;           // pixels that it was trained at
  AudioTag tag = AudioTag::audcap;

  std::int64_t frames() const { return 4 * (latent_frames - 1) + 1; }
};

const std::vector<Variant>& variants();

// The other files, below the folder; those of Wan 2.2 are in wan22.h.
inline constexpr const char* kAudioVaeFile = "MMAudio/ext_weights/v1-16.pth";
inline constexpr const char* kVocoderFile = "MMAudio/ext_weights/best_netG.pt";

// One file of the folder and what it is for.
struct Part {
  std::string name, path;  // "text encoder", the whole path
  bool found = false;
  std::uint64_t bytes = 0;
};

struct OviFolder {
  std::string root;
  Variant variant;
  std::string towers, text_encoder, tokenizer, video_vae, audio_vae, vocoder;  // whole paths
  std::vector<Part> parts;                                                     // all of the above, present or not
};

// Whether a folder looks like Ovi's: it holds the weights of a variant.
bool looks_like_ovi(const std::string& root);

// variant: a name of variants(), or empty for the first one that is there.
// Throws InvalidRequest for an unknown variant, CheckpointError where its weights are missing. Other parts may be
// missing: what needs them complains.
OviFolder open_folder(const std::string& root, const std::string& variant);

// Throws CheckpointError that lists those of the given paths (of this folder's parts) that are missing, and how to get them.
void require(const OviFolder& folder, const std::vector<std::string>& paths);

}  // namespace phonofilm::ovi
