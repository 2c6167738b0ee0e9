// What media tests share: a film whose picture flashes and whose sound beeps at known times, flat pictures, raw files.
#pragma once

#include <cmath>
#include <fstream>
#include <sstream>

#include "phonofilm/base/random.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/tensor/ops.h"
#include "support/support.h"

namespace phonofilm::test {

// Frames [F, H, W, 3] of one colour.
inline Tensor flat_frames(std::int64_t frames, std::int64_t height, std::int64_t width, int red, int green, int blue) {
  const Tensor color = at::tensor({red, green, blue}, at::kInt).to(at::kByte);
  return color.expand({frames, height, width, 3}).contiguous();
}

// Quiet noise with a decaying 1.5 kHz beep of 40 ms at every half second; the noise gives every delay its own
// correlation.
inline Tensor beeps(std::int64_t channels, std::int64_t rate, double seconds) {
  const auto count = std::int64_t(std::llround(seconds * double(rate)));
  Tensor waveform = at::empty({channels, count}, at::kFloat);
  Random random(7);
  for (std::int64_t index = 0; index < channels * count; ++index) {
    const double time = double(index % count) / double(rate);
    const double since = std::fmod(time, 0.5);
    const double beep = since < 0.04 ? 0.7 * std::sin(2 * M_PI * 1500 * since) * std::exp(-since / 0.02) : 0;
    waveform.data_ptr<float>()[index] = float(beep + 0.02 * random.normal());
  }
  return waveform;
}

// The picture slides a smooth pattern by one pixel a frame and turns white in the frames at every half second.
inline Clip flash_beep_clip(std::int64_t height, std::int64_t width, double fps, std::int64_t rate,
                            std::int64_t channels, double seconds) {
  const auto frames = std::int64_t(std::llround(seconds * fps));
  Clip clip;
  clip.fps = fps;
  clip.sample_rate = rate;
  clip.waveform = beeps(channels, rate, seconds);
  clip.frames = at::empty({frames, height, width, 3}, at::kByte);
  for (std::int64_t frame = 0; frame < frames; ++frame) {
    const bool flash = std::fmod(double(frame) / fps + 1e-9, 0.5) < 1 / fps;
    const Tensor columns = ((at::arange(width, at::kFloat) + double(frame)) * 0.2).sin() * 60 + 100;
    const Tensor rows = (at::arange(height, at::kFloat) * 0.15).cos() * 30 + 20;
    const Tensor picture = (columns.unsqueeze(0) + rows.unsqueeze(1)).unsqueeze(2).expand({height, width, 3});
    clip.frames[frame].copy_(flash ? at::full({height, width, 3}, 255.0) : picture);
  }
  return clip;
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_bytes(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

// The message of the exception of type Type that `work` throws; fails the test when it throws none.
template <class Type, class Work>
std::string message_of(const Work& work) {
  try {
    work();
  } catch (const Type& error) {
    return error.what();
  }
  FAIL("nothing was thrown");
  return "";
}

}  // namespace phonofilm::test
