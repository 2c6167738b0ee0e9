#include "phonofilm/train/nava_clip.h"

#include <ATen/ops/_upsample_bicubic2d_aa.h>

#include <algorithm>
#include <cmath>

#include "phonofilm/autoencoders/ltx_audio_vae/config.h"
#include "phonofilm/base/error.h"
#include "phonofilm/dsp/resample.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::train {
namespace {

constexpr double kRounding = 1e-6;  // keeps times that are whole but for rounding from being cut down

// The middle of the pictures in the shape of a size. frames: [F, h, w, 3]
Tensor of_shape(const Tensor& frames, const nava::PictureSize& size) {
  const double h = double(frames.size(1)), w = double(frames.size(2)), shape = double(size.width) / double(size.height);
  const std::int64_t rows = std::clamp<std::int64_t>(std::llround(w / shape), 1, frames.size(1));
  const std::int64_t columns = std::clamp<std::int64_t>(std::llround(h * shape), 1, frames.size(2));
  return frames.narrow(1, (frames.size(1) - rows) / 2, rows).narrow(2, (frames.size(2) - columns) / 2, columns);
}

// frames: uint8 [F, h, w, 3] -> [F, H, W, 3]. Cut before they are scaled: of a picture that is a line, scaled to cover
// the size, the rest would take gigabytes.
Tensor cover(const Tensor& frames, const nava::PictureSize& size) {
  if (frames.size(1) == size.height && frames.size(2) == size.width) return frames;
  const Tensor scaled =
      at::_upsample_bicubic2d_aa(of_shape(frames, size).permute({0, 3, 1, 2}).to(at::kFloat),
                                 {size.height, size.width}, /*align_corners=*/false);
  return scaled.round().clamp(0, 255).to(at::kByte).permute({0, 2, 3, 1});
}

}  // namespace

std::int64_t frames_at_24(const Clip& clip) {
  return std::max<std::int64_t>(1, std::llround(double(clip.frames.size(0)) * nava::kFps / clip.fps));
}

Tensor fitted_frames(const Clip& clip, std::int64_t count, const nava::PictureSize& size) {
  expect_shape(clip.frames, {kAny, kAny, kAny, 3}, "train: frames of a clip");
  PF_CHECK(clip.frames.size(0) > 0, InvalidRequest, "train", "a clip without a picture");
  const std::int64_t last = clip.frames.size(0) - 1, shown = frames_at_24(clip) - 1;
  std::vector<Tensor> frames;
  // One by one: the scaled pictures of a whole film would be held as floating-point numbers.
  for (std::int64_t i = 0; i < count; ++i) {
    const auto source = std::int64_t(double(std::min(i, shown)) * clip.fps / nava::kFps + kRounding);
    frames.push_back(cover(clip.frames.narrow(0, std::min(source, last), 1), size));
  }
  return at::cat(frames).contiguous();
}

void check_sound(const Clip& clip) {
  expect_shape(clip.waveform, {kAny, kAny}, "train: sound of a clip");
  PF_CHECK(clip.waveform.size(1) > 0 && at::isfinite(clip.waveform).all().item<bool>(), InvalidRequest, "train",
           "a sound that is empty or holds samples that are no numbers");
}

Tensor sound_at_16k(const Clip& clip) {
  check_sound(clip);
  return dsp::resample(clip.waveform.to(at::kFloat), clip.sample_rate, nava::kNarrowSampleRate, dsp::kHannSinc);
}

Tensor fitted_sound(const Tensor& waveform, std::int64_t tokens) {
  const std::int64_t wanted = tokens * autoencoders::LtxAudioVaeConfig{}.samples_per_token(), there = std::min(wanted, waveform.size(1));
  return at::constant_pad_nd(waveform.narrow(1, 0, there), {0, wanted - there});
}

}  // namespace phonofilm::train
