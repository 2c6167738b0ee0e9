// Still pictures: reading any common format into a tensor, fitting it to a size, writing PNG and JPEG.
//
// A picture is a [H, W, 3] uint8 RGB tensor on the CPU. Files are treated as untrusted: the container is recognised
// by its content and not by its name, only common decoders are admitted, nothing but the named file is opened, and
// the size stated in the header is checked before a decoder sees the file.
#pragma once

#include <string>

#include "phonofilm/media/media_input.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::media {

struct ImageLimits {
  std::int64_t max_side = 16384;             // pixels
  std::int64_t max_pixels = 100'000'000;     // width times height
  std::int64_t max_file_bytes = 512 << 20;
};

// Reads png, jpeg, webp, bmp, gif, tiff or pnm (first frame), or the first frame of a film, as [H, W, 3] uint8 RGB.
// Alpha is composited over white; EXIF orientation and the rotation of phone films are applied.
// Throws MediaError: no such file, not a picture, damaged, or larger than `limits` (checked before decoding).
Tensor read_image(const MediaInput& input, const ImageLimits& limits = {});

// Scales [H, W, 3] uint8 to cover height x width (antialiased cubic filter) and cuts the centre: [height, width, 3].
Tensor resize_cover(const Tensor& image, std::int64_t height, std::int64_t width);

// Scales [H, W, 3] uint8 to exactly [height, width, 3], without regard to the aspect ratio (same filter).
Tensor resize_exact(const Tensor& image, std::int64_t height, std::int64_t width);

// Write [H, W, 3] uint8, whole or not at all. `quality` is 1 (small) to 100 (best), chroma at full resolution from
// 90 on. Throw ShapeError for another shape or dtype, ResourceError when the disk is full or the folder closed.
void write_png(const std::string& path, const Tensor& image);
void write_jpeg(const std::string& path, const Tensor& image, int quality = 92);

}  // namespace phonofilm::media
