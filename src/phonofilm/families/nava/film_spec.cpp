#include "phonofilm/families/nava/film_spec.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phonofilm/autoencoders/ltx_audio_vae/config.h"
#include "phonofilm/base/error.h"

namespace phonofilm::nava {
namespace {

constexpr std::int64_t kUnit = 32;  // of sizes asked for: a token is 2 x 2 latent values of 16 x 16 pixels
constexpr PictureSize kDefaultSize{704, 1280};

// Short to long side as the shapes are named, and their sides in each class, in units of 16 pixels.
constexpr std::array<double, 7> kRatios{1.0, 4.0 / 5, 3.0 / 4, 2.0 / 3, 9.0 / 16, 1.0 / 2, 2.0 / 5};
struct Sides {
  std::int64_t shorter, longer;
};
struct SizeClass {
  std::int64_t size;
  std::array<Sides, 7> sides;
};
constexpr std::array<SizeClass, 4> kClasses{{
    {256, {{{16, 16}, {13, 17}, {12, 17}, {12, 19}, {12, 21}, {10, 22}, {9, 25}}}},
    {512, {{{32, 32}, {28, 35}, {27, 36}, {25, 39}, {24, 42}, {22, 45}, {20, 51}}}},
    {640, {{{40, 40}, {36, 44}, {34, 45}, {31, 49}, {30, 52}, {28, 56}, {25, 64}}}},
    {960, {{{60, 60}, {54, 66}, {52, 68}, {46, 74}, {44, 80}, {42, 84}, {38, 96}}}},
}};

// Thresholds lie in the middle between two shapes.
size_t nearest_shape(double ratio) {
  size_t shape = 0;
  while (shape + 1 < kRatios.size() && ratio <= (kRatios[shape] + kRatios[shape + 1]) / 2) ++shape;
  return shape;
}

std::int64_t nearest_multiple(std::int64_t side) {
  return std::max(kUnit, kUnit * std::int64_t(std::llround(double(side) / double(kUnit))));
}

PictureSize picture_size(const families::ClipRequest& r) {
  const bool asked = r.height > 0 && r.width > 0;
  PF_CHECK(asked || (r.height == 0 && r.width == 0), InvalidRequest, "generate",
           "give both height and width, or neither");
  if (!asked) return r.image_height > 0 ? size_for_image({r.image_height, r.image_width}) : kDefaultSize;
  PF_CHECK(r.height % kUnit == 0 && r.width % kUnit == 0, InvalidRequest, "generate",
           "NAVA makes pictures whose sides are multiples of ", kUnit, " pixels; the nearest to ", r.height, "x",
           r.width, " is ", nearest_multiple(r.height), "x", nearest_multiple(r.width));
  return {r.height, r.width};
}

void check_length(const families::ClipRequest& r) {
  PF_CHECK(r.latent_frames >= 0 && r.latent_frames <= kMostLatentFrames, InvalidRequest, "generate",
           "NAVA makes films of up to ", kMostLatentFrames, " latent frames, asked for ", r.latent_frames);
  const double longest = r.video ? kLongestSeconds : kLongestSound;
  PF_CHECK(r.seconds >= 0 && r.seconds <= longest, InvalidRequest, "generate", "NAVA makes ",
           r.video ? "films" : "sound alone", " of up to ", longest, " seconds, asked for ", r.seconds);
}

std::int64_t asked_latents(const families::ClipRequest& r) {
  if (r.latent_frames > 0) return r.latent_frames;
  if (r.seconds == 0) return kDefaultLatentFrames;
  return std::max<std::int64_t>(1, std::llround((r.seconds * kFps - 1) / 4) + 1);
}

std::int64_t pictures(std::int64_t latents) { return 4 * (latents - 1) + 1; }

std::int64_t sample_rate(const families::ClipRequest& r) {
  const std::int64_t rate = r.sample_rate == 0 ? kSampleRate : r.sample_rate;
  PF_CHECK(rate == kSampleRate || rate == kNarrowSampleRate, InvalidRequest, "generate", "NAVA makes sound at ",
           kSampleRate, " or ", kNarrowSampleRate, " Hz, asked for ", rate);
  return rate;
}

}  // namespace

PictureSize size_for_image(const PictureSize& image, std::int64_t size_class) {
  const auto found =
      std::find_if(kClasses.begin(), kClasses.end(), [&](const SizeClass& c) { return c.size == size_class; });
  PF_CHECK(found != kClasses.end(), InvalidRequest, "size", "image_size must be 256, 512, 640 or 960, got ",
           size_class);
  PF_CHECK(image.height > 0 && image.width > 0, InvalidRequest, "size", "an image of ", image.height, "x",
           image.width, " pixels has no shape");
  const double h = double(image.height), w = double(image.width);
  const Sides sides = found->sides[nearest_shape(std::min(h / w, w / h))];
  const bool portrait = image.height > image.width;
  return {16 * (portrait ? sides.longer : sides.shorter), 16 * (portrait ? sides.shorter : sides.longer)};
}

families::ClipSpec film_spec(const families::ClipRequest& r) {
  PF_CHECK(r.video || r.audio, InvalidRequest, "generate", "neither picture nor sound is asked for");
  check_length(r);
  families::ClipSpec spec;
  if (r.video) {
    const PictureSize size = picture_size(r);
    spec = {pictures(asked_latents(r)), size.height, size.width};
  }
  if (!r.audio) return spec;
  const bool by_seconds = !r.video && r.latent_frames == 0 && r.seconds > 0;
  const double seconds = by_seconds ? r.seconds : double(pictures(asked_latents(r))) / kFps;
  const autoencoders::LtxAudioVaeConfig sound;  // check_sound() holds files to these rates
  spec.sample_rate = sample_rate(r);
  spec.samples = spec.sample_rate / kMelFramesPerSecond * sound.decoded_frames(sound.tokens_for_seconds(seconds));
  return spec;
}

std::int64_t latent_frames(std::int64_t frames) { return (frames - 1) / 4 + 1; }

std::int64_t audio_tokens(const families::ClipSpec& spec) {
  const std::int64_t rate = spec.sample_rate == 0 ? kSampleRate : spec.sample_rate;
  return (spec.samples / (rate / kMelFramesPerSecond) + 3) / 4;
}

}  // namespace phonofilm::nava
