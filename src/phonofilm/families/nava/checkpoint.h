// NAVA's checkpoint folder, as its publisher lays it out:
//
//   NAVA.safetensors | NAVA_fp8.safetensors | NAVA.ckpt, or any single *.ckpt beside the other files
//   Wan2.2-TI2V-5B/models_t5_umt5-xxl-enc-bf16.pth, Wan2.2_VAE.pth, google/umt5-xxl/spiece.model
//   params/LTX2/ltx-2.3-22b-dev_audio_vae.safetensors
//   params/ReDimNet/M-vb2+vox2+cnc-ft_mix.pt    (torch.hub fetches it for the publisher; only voices need it), or
//   params/ReDimNet/redimnet.safetensors        (the same tensors, with `model_config` in the metadata)
//
// NAVA.json beside the weights changes the backbone's shape; the published folder has none, and the published shape is
// the default. The audio autoencoder and the speaker encoder tell their own sizes.
//
// A .ckpt is what NAVA's trainer saves, an archive of torch.save: {"state_dict": {"backbone....": ...}, "global_step":
// ...} and, if it was kept, "ema_state", of which the first is read and the others are not. Its names may lack either
// prefix.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/families/nava/config.h"
#include "phonofilm/families/network.h"

namespace phonofilm::nava {

inline constexpr const char* kConfigFile = "NAVA.json";
inline constexpr const char* kSoundFile = "params/LTX2/ltx-2.3-22b-dev_audio_vae.safetensors";
inline constexpr const char* kSpeakerFile = "params/ReDimNet/M-vb2+vox2+cnc-ft_mix.pt";
inline constexpr const char* kSpeakerSafetensors = "params/ReDimNet/redimnet.safetensors";
// Which of the two is there; the former where neither is.
std::string speaker_file(const std::string& root);

// A set of weights of the backbone.
struct Variant {
  std::string name, file;  // "nava", "NAVA.safetensors"
};
const std::vector<Variant>& published_variants();
inline constexpr const char* kCheckpointVariant = "nava_ckpt";
// The published ones and a trainer's checkpoint, whether they are there or not. In the place of the latter stands the
// folder's NAVA.ckpt or, where there is none and the folder holds other files of NAVA's, its only *.ckpt.
std::vector<Variant> variants(const std::string& root);

// Whether a folder looks like NAVA's: it holds the weights of a variant.
bool looks_like_nava(const std::string& root);
// name: of variants(), or empty for the first one that is there. Throws InvalidRequest for an unknown variant,
// CheckpointError where its weights are missing.
Variant choose_variant(const std::string& root, const std::string& name);
// Throws CheckpointError that lists those of the given files, below the folder, that are missing, and where they come
// from.
void require(const std::string& root, const std::vector<std::string>& files);

// From NAVA.json if it is there. Throws InvalidRequest for a damaged or contradictory one.
NavaConfig read_backbone_config(const std::string& root);

// The prefix of the backbone's tensors in the published files.
inline constexpr const char* kBackbonePrefix = "backbone.";
// The tensors of a file by the names that the backbone's have in the published one, whichever prefixes it has; those
// beside the backbone are left out. The scale of a float8 matrix is "<layer>.weight_scale" there, one number per row;
// this program's name for it (nn/storage.h) is "<layer>.scale_weight", and where there is one, every float8 matrix must
// have one. Throws CheckpointError for a float8 file without any; `file` names it.
weights::TensorMap with_own_names(const weights::TensorMap& tensors, const std::string& file);

families::Network backbone_network(const NavaConfig& config, const Variant& variant);

}  // namespace phonofilm::nava
