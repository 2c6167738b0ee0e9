#include "phonofilm/workers/given_uploads.h"

#include <algorithm>

#include "phonofilm/media/image.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::workers {
namespace {

// Of pictures and as much of sound: half a minute of 704 x 704.
constexpr std::int64_t kMostBytes = std::int64_t(2) << 30;

}  // namespace

Clip GivenUploads::decoded(const std::string& file, const DecodeRequest& request) const {
  return decode_(session_.upload(file), file, request);
}

Tensor GivenUploads::picture(const std::string& file) { return decoded(file, {.kind = "picture"}).frames[0]; }

Tensor GivenUploads::voice(const std::string& file) {
  DecodeRequest request{.kind = "sound", .max_seconds = pipeline::kLongestVoice, .sample_rate = families::kVoiceRate};
  request.truncate = true;
  return decoded(file, request).waveform;
}

pipeline::GivenLook GivenUploads::look(const std::string& file, bool pictures) {
  DecodeRequest request{.kind = "look", .pictures = pictures};
  request.truncate = true;  // how much of it is used is not known yet
  const Clip clip = decoded(file, request);
  return {clip.has_video() || !pictures, clip.has_audio(), clip.has_video() ? clip.frames[0] : Tensor()};
}

Clip GivenUploads::clip(const std::string& file, const pipeline::ClipWanted& wanted) {
  DecodeRequest request{.kind = "film", .max_seconds = kLongestUpload, .max_bytes = kMostBytes};
  request.pictures = wanted.pictures, request.fps = wanted.fps;
  request.height = wanted.height, request.width = wanted.width;
  request.sample_rate = wanted.sample_rate, request.channels = wanted.channels;
  if (wanted.seconds > 0) {
    request.max_seconds = std::min(request.max_seconds, wanted.seconds);
    request.truncate = true;
  }
  return decoded(file, request);
}

Tensor GivenUploads::cover(const Tensor& picture, std::int64_t height, std::int64_t width) {
  return media::resize_cover(picture, height, width);
}

}  // namespace phonofilm::workers
