#include "phonofilm/train/nava_clip_file.h"

#include <algorithm>
#include <sstream>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/random.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/file_bytes.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::train {
namespace {

constexpr const char* kContents = "contents";

}  // namespace

void save_encoded_clip(const std::string& path, const EncodedClip& clip, const std::string& contents) {
  weights::TensorMap tensors{{"rows", clip.rows}, {"positions", clip.positions}, {"voices", clip.voices}};
  if (clip.video.defined()) tensors["video"] = clip.video;
  if (clip.audio.defined()) tensors["audio"] = clip.audio;
  weights::save_safetensors(path, tensors, {{kContents, contents}});
}

bool holds_encoded_clip(const std::string& path, const std::string& contents) {
  if (!is_file(path)) return false;
  try {
    const auto file = weights::SafetensorsFile::open(path);
    const auto found = file.metadata().find(kContents);
    return found != file.metadata().end() && found->second == contents;
  } catch (const CheckpointError&) {
    return false;
  }
}

EncodedClip open_encoded_clip(const std::string& path) {
  const auto file = weights::SafetensorsFile::open(path);
  EncodedClip clip{{}, {}, file.at("rows"), file.at("positions"), file.at("voices")};
  if (file.tensors().contains("video")) clip.video = file.at("video");
  if (file.tensors().contains("audio")) clip.audio = file.at("audio");
  PF_CHECK(clip.positions.dim() == 1 && clip.voices.dim() == 2 && clip.positions.size(0) == clip.voices.size(0) &&
               clip.rows.dim() == 2,
           CheckpointError, "train", path, ": is no encoded clip; remove it");
  return clip;
}

std::string sampled_fingerprint(const std::string& path) {
  constexpr std::uint64_t kPieces = 256, kPiece = 4096;
  const auto file = weights::FileBytes::map(path);
  const std::string_view bytes = file.bytes();
  std::uint64_t hash = mix_seed(file.size(), "file");
  for (std::uint64_t i = 0; i < kPieces; ++i) {
    const std::uint64_t at = file.size() > kPiece ? (file.size() - kPiece) * i / (kPieces - 1) : 0;
    hash = mix_seed(hash, bytes.substr(at, kPiece));
  }
  std::ostringstream text;
  text << std::hex << hash;
  return text.str();
}

}  // namespace phonofilm::train
