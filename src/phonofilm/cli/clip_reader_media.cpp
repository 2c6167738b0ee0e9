#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/cli/clip_reader.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"

namespace phonofilm::cli {
namespace {

constexpr std::int64_t kMostBytes = std::int64_t(16) << 30;  // of decoded pictures: ten seconds of 2160 x 3840 are 6 GB

void refuse_long(const std::string& path, double longest) {
  const double seconds = media::inspect_film(path).facts.seconds;
  PF_CHECK(seconds <= longest, InvalidRequest, "train", path, ": lasts ", seconds, " s, longer than the ", longest,
           " s that are taken");
}

Clip read_clip(const std::string& path, const train::ClipWish& wish) {
  if (wish.still) return {media::read_image(path).unsqueeze(0), wish.fps, {}};
  if (wish.longest_seconds > 0) refuse_long(path, wish.longest_seconds);
  media::FilmLimits limits;
  limits.max_seconds = std::max(wish.picture_seconds, wish.sound_seconds);
  limits.max_frames = std::int64_t(std::ceil(wish.picture_seconds * wish.fps));
  limits.max_bytes = kMostBytes;
  limits.truncate = true;
  limits.sample_rate = wish.sample_rate;
  limits.fps = wish.fps;
  limits.pictures = wish.picture_seconds > 0;
  return media::read_film(path, limits).clip;
}

}  // namespace

train::ClipReader clip_reader() { return read_clip; }

}  // namespace phonofilm::cli
