// Pictures that show a film at one glance: contact sheets, spectrograms, and frames above sound on one time line.
// All results are [H, W, 3] uint8 RGB, ready for write_png.
#pragma once

#include <vector>

#include "phonofilm/tensor/clip.h"

namespace phonofilm::media {

// columns x rows frames at even distances from the first to the last, each labelled with its time in seconds.
// Small frames are enlarged so that a cell is about `cell_width` pixels wide. Throws ShapeError without frames.
Tensor contact_sheet(const Clip& clip, std::int64_t columns, std::int64_t rows, std::int64_t cell_width = 240);

// Magnitude of [C, S] float32 (channels averaged in power) over time (seconds) and frequency (mel-spaced, labelled in
// Hz), 80 dB from dark to light, in a picture of exactly height x width with axes. Throws ShapeError.
Tensor spectrogram_image(const Tensor& waveform, std::int64_t sample_rate, std::int64_t width, std::int64_t height);

// Moments to be drawn as lines across the time line, in seconds.
struct EventMarks {
  std::vector<double> video;  // what is seen to happen: white, from above
  std::vector<double> audio;  // what is heard to happen: green, from below
};

// Frames in a row above the spectrogram, on a common time line: each frame stands where its time is. Works with
// either half of the clip missing. Width is exact, the height follows from the frames. Throws ShapeError.
Tensor film_strip_with_spectrogram(const Clip& clip, std::int64_t width, const EventMarks& marks = {});

}  // namespace phonofilm::media
