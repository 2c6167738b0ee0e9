// Gathers decoded sound into one tensor with the timing of its file. Private to media/.
#pragma once

#include <vector>

#include "phonofilm/media/av_handles.h"
#include "phonofilm/media/media_file.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::media {

class SoundCollector {
 public:
  struct Limits {
    double max_seconds = 0;
    std::int64_t max_bytes = 0;
    bool truncate = false;
  };
  // The file must outlive the collector and must have sound.
  SoundCollector(const MediaFile& file, const Limits& limits);
  ~SoundCollector();

  // Returns false when the limits are reached and `truncate` is set. Throws MediaError.
  bool add(const AVFrame& frame);

  // [C, S] float32 with C = 1 or 2, at the file's rate; more channels have been mixed to two. Cut where the container
  // says that the sound ends, because the last AAC frame is longer than the sound in it.
  Tensor waveform() const;
  std::int64_t sample_rate() const { return sample_rate_; }
  double start_seconds() const { return start_seconds_; }  // container time of sample 0, after the edit list

 private:
  void prepare(const AVFrame& frame);
  std::int64_t frame_position(const AVFrame& frame);
  void check_limits(std::int64_t samples) const;
  std::vector<std::vector<float>> convert(const AVFrame& frame);

  const MediaFile& file_;
  Limits limits_;
  ResamplerHandle converter_;
  int format_ = -1, input_channels_ = 0;
  std::int64_t sample_rate_ = 0;
  double start_seconds_ = 0;
  std::vector<std::vector<float>> samples_;  // [C][S]
};

}  // namespace phonofilm::media
