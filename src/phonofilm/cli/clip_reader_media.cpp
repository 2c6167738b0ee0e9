#include "phonofilm/cli/clip_reader.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"

namespace phonofilm::cli {
namespace {

constexpr std::int64_t kMostBytes = std::int64_t(16) << 30;  // of decoded pictures: ten seconds of 2160 x 3840 are 6 GB

Clip read_clip(const std::string& path, const train::ClipWish& wish) {
  if (wish.still) return {.frames = media::read_image(path).unsqueeze(0), .fps = wish.fps};
  media::FilmLimits limits;
  limits.max_seconds = wish.seconds;
  limits.max_bytes = kMostBytes;
  limits.truncate = true;
  limits.sample_rate = wish.sample_rate;
  limits.fps = wish.fps;
  limits.pictures = wish.pictures;
  return media::read_film(path, limits).clip;
}

}  // namespace

train::ClipReader clip_reader() { return read_clip; }

}  // namespace phonofilm::cli
