// Between FFmpeg's frames and [H, W, 3] uint8 RGB tensors. Private to media/.
#pragma once

#include "phonofilm/media/av_handles.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::media {

// Decoded frame to [H, W, 3] uint8 RGB. Honours the frame's matrix and range (untagged: BT.709 from 720 rows on,
// else BT.601), composites alpha over white and applies the frame's display matrix.
class PixelReader {
 public:
  Tensor rgb(const AVFrame& frame);

 private:
  void prepare(const AVFrame& frame, bool has_alpha);
  ScalerHandle scaler_;
  int width_ = 0, height_ = 0, format_ = -1, colorspace_ = -1, range_ = -1;
};

// Turns and mirrors [H, W, C] as a display matrix says (nine numbers, as in mp4 files and AV_FRAME_DATA_DISPLAYMATRIX).
Tensor apply_display_matrix(const Tensor& image, const std::int32_t* matrix);

// [H, W, 3] uint8 RGB to frames of one YUV format with a stated matrix and range.
class PixelWriter {
 public:
  // pixel_format, colorspace, range: AVPixelFormat, AVColorSpace, AVColorRange. Throws ResourceError.
  PixelWriter(std::int64_t height, std::int64_t width, int pixel_format, int colorspace, int range);
  // A new frame with its own buffers and colour tags.
  FrameHandle frame(const Tensor& image);

 private:
  ScalerHandle scaler_;
  int height_, width_, format_, colorspace_, range_;
};

// Throws ShapeError unless `image` is [H, W, 3] uint8 on the CPU.
void expect_image(const Tensor& image, std::string_view where);

}  // namespace phonofilm::media
