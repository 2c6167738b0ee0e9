#include "phonofilm/families/ovi/film_spec.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/families/ovi/sizes.h"

namespace phonofilm::ovi {
namespace {

using families::ClipRequest;

std::int64_t latent_frames(const Variant& variant, const ClipRequest& request) {
  const double seconds = request.seconds;
  PF_CHECK(request.latent_frames <= variant.latent_frames, InvalidRequest, "generate", "the weights of ", variant.name,
           " make films of up to ", variant.latent_frames, " latent frames, asked for ", request.latent_frames);
  if (request.latent_frames > 0) return request.latent_frames;
  if (seconds == 0) return variant.latent_frames;
  PF_CHECK(seconds >= kShortestSeconds, InvalidRequest, "generate", "a film has at least one picture, ",
           kShortestSeconds, " seconds, asked for ", seconds);
  const auto latents = std::max<std::int64_t>(1, std::llround((seconds * kFps - 1) / 4) + 1);
  PF_CHECK(latents <= variant.latent_frames, InvalidRequest, "generate", "the weights of ", variant.name,
           " make films of up to ", longest_seconds(variant), " seconds, asked for ", seconds);
  return latents;
}

std::int64_t audio_latents(const Variant& variant, std::int64_t latents) {
  if (latents == variant.latent_frames) return variant.audio_latents;
  const double seconds = double(4 * (latents - 1) + 1) / kFps;
  return std::max<std::int64_t>(2, std::llround(seconds * double(kSampleRate) / double(kSamplesPerLatent)));
}

PictureSize picture_size(const Variant& variant, const ClipRequest& r) {
  const bool asked = r.height > 0 && r.width > 0;
  PF_CHECK(asked || (r.height == 0 && r.width == 0), InvalidRequest, "generate",
           "give both height and width, or neither");
  PF_CHECK(asked || !r.exact_size, InvalidRequest, "generate", "an exact size needs height and width");
  if (r.exact_size) return snap({r.height, r.width});
  if (r.image_height > 0) return size_for_image({r.image_height, r.image_width}, variant.area);
  return snap_to_area(asked ? PictureSize{r.height, r.width} : PictureSize{720, 720}, variant.area);
}

}  // namespace

double longest_seconds(const Variant& variant) { return double(variant.frames()) / kFps; }

families::ClipSpec film_spec(const Variant& variant, const ClipRequest& request) {
  PF_CHECK(request.video || request.audio, InvalidRequest, "generate", "neither picture nor sound is asked for");
  families::ClipSpec spec;
  const std::int64_t latents = latent_frames(variant, request);
  const PictureSize size = picture_size(variant, request);
  spec.height = size.height;
  spec.width = size.width;
  if (request.video) spec.frames = 4 * (latents - 1) + 1;
  if (request.audio) spec.samples = kSamplesPerLatent * audio_latents(variant, latents);
  return spec;
}

}  // namespace phonofilm::ovi
