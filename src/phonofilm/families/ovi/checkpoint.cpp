#include "phonofilm/families/ovi/checkpoint.h"

#include <algorithm>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/wan22.h"

namespace phonofilm::ovi {
namespace {

namespace fs = std::filesystem;

Part part(const std::string& name, const std::string& path) {
  std::error_code failed;
  const bool found = is_file(path);
  return {name, path, found, found ? std::uint64_t(fs::file_size(path, failed)) : 0};
}

std::vector<std::string> variant_names() {
  std::vector<std::string> names;
  for (const Variant& variant : variants()) names.push_back(variant.name);
  return names;
}

bool has(const std::string& root, const Variant& variant) { return is_file(root + "/" + variant.file); }

const Variant& choose(const std::string& root, const std::string& name) {
  for (const Variant& variant : variants()) {
    if (name.empty() ? has(root, variant) : variant.name == name) return variant;
  }
  PF_CHECK(name.empty(), InvalidRequest, "load", "unknown variant '", name, "'", did_you_mean(name, variant_names()),
           "; there are ", join(variant_names(), ", "));
  std::vector<std::string> files;
  for (const Variant& variant : variants()) files.push_back(variant.file);
  throw CheckpointError("load", concat(root, ": no weights of Ovi's towers: none of ", join(files, ", ")));
}

}  // namespace

const std::vector<Variant>& variants() {
  static const std::vector<Variant> kVariants{
      {"720x720_5s", "Ovi/model.safetensors", 31, 157, 720 * 720, AudioTag::audcap},
      {"960x960_5s", "Ovi/model_960x960.safetensors", 31, 157, 960 * 960, AudioTag::audio_colon},
      {"960x960_10s", "Ovi/model_960x960_10s.safetensors", 61, 314, 960 * 960, AudioTag::audio_colon},
      {"720x720_5s_fp8", "Ovi/model_fp8_e4m3fn.safetensors", 31, 157, 720 * 720, AudioTag::audcap},
  };
  return kVariants;
}

bool looks_like_ovi(const std::string& root) {
  for (const Variant& variant : variants()) {
    if (has(root, variant)) return true;
  }
  return false;
}

OviFolder open_folder(const std::string& root, const std::string& name) {
  OviFolder folder;
  folder.root = root;
  folder.variant = choose(root, name);
  folder.towers = root + "/" + folder.variant.file;
  folder.text_encoder = root + "/" + wan22::kTextEncoderFile;
  folder.tokenizer = root + "/" + wan22::kTokenizerFile;
  folder.video_vae = root + "/" + wan22::kVideoVaeFile;
  folder.audio_vae = root + "/" + kAudioVaeFile;
  folder.vocoder = root + "/" + kVocoderFile;
  folder.parts = {part("towers", folder.towers),          part("text encoder", folder.text_encoder),
                  part("tokenizer", folder.tokenizer),    part("video autoencoder", folder.video_vae),
                  part("audio autoencoder", folder.audio_vae), part("vocoder", folder.vocoder)};
  PF_CHECK(folder.parts[0].found, CheckpointError, "load", folder.towers, ": the weights of variant ", folder.variant.name,
           " are not there");
  return folder;
}

void require(const OviFolder& folder, const std::vector<std::string>& paths) {
  std::vector<std::string> missing;
  for (const Part& p : folder.parts) {
    const bool needed = std::find(paths.begin(), paths.end(), p.path) != paths.end();
    if (needed && !p.found) missing.push_back(concat(p.name, ": ", p.path));
  }
  PF_CHECK(missing.empty(), CheckpointError, "load", folder.root, ": ", missing.size(), " parts of Ovi are missing:\n  ",
           join(missing, "\n  "), "\nOvi's download script (download_weights.py) fetches them all");
}

}  // namespace phonofilm::ovi
