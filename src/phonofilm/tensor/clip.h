// A finished film in memory: what pipelines return, the world renders and media/ writes.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm {

struct Clip {
  Tensor frames;         // [F, H, W, 3] uint8 RGB, or undefined for sound only
  double fps = 24;
  Tensor waveform;       // [C, S] float32 in [-1, 1] with C = 1 or 2, or undefined for picture only
  std::int64_t sample_rate = 16000;

  bool has_video() const { return frames.defined(); }
  bool has_audio() const { return waveform.defined(); }
  double video_seconds() const { return has_video() ? double(frames.size(0)) / fps : 0; }
  double audio_seconds() const { return has_audio() ? double(waveform.size(1)) / double(sample_rate) : 0; }
};

}  // namespace phonofilm
