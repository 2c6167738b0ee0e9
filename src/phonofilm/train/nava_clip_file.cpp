#include "phonofilm/train/nava_clip_file.h"

#include <algorithm>
#include <sstream>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/file_bytes.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::train {
namespace {

constexpr const char* kContents = "contents";
constexpr const char* kRemove = "; remove the file, it is made anew";

bool has(const weights::SafetensorsFile& file, const char* name) { return file.tensors().contains(name); }

bool fits(const Tensor& tensor, const Shape& shape) {
  if (tensor.dim() != std::int64_t(shape.size())) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != kAny && tensor.size(std::int64_t(i)) != shape[i]) return false;
  }
  return true;
}

const Tensor& part(const weights::SafetensorsFile& file, const char* name, at::ScalarType dtype, const Shape& shape) {
  const Tensor& tensor = file.at(name);
  PF_CHECK(tensor.scalar_type() == dtype && fits(tensor, shape), CheckpointError, "train", file.path(),
           ": is no encoded clip for this backbone: \"", name, "\" is ", c10::toString(tensor.scalar_type()), " ",
           shape_text(tensor.sizes()), ", expected ", c10::toString(dtype), " ", shape_text(shape), kRemove);
  return tensor;
}

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

EncodedClip open_encoded_clip(const std::string& path, const nava::NavaConfig& backbone) {
  const auto file = weights::SafetensorsFile::open(path);
  const nava::NavaConfig& c = backbone;
  EncodedClip clip;
  if (has(file, "video")) clip.video = part(file, "video", at::kBFloat16, {c.vid_in_dim, kAny, kAny, kAny});
  if (has(file, "audio")) clip.audio = part(file, "audio", at::kBFloat16, {c.audio_in_dim, kAny});
  clip.rows = part(file, "rows", at::kBFloat16, {kAny, c.text_dim});
  clip.positions = part(file, "positions", at::kLong, {kAny});
  clip.voices = part(file, "voices", at::kFloat, {clip.positions.size(0), c.spk_dim});
  const bool placed = (clip.positions.ge(0) & clip.positions.lt(clip.rows.size(0))).all().item<bool>();
  PF_CHECK(placed && clip.rows.size(0) <= c.text_len, CheckpointError, "train", path, ": has ", clip.rows.size(0),
           " text rows or voices beyond them; the backbone reads ", c.text_len, kRemove);
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
