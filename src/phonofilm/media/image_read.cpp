#include "phonofilm/media/image.h"

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
}

#include "phonofilm/base/error.h"
#include "phonofilm/media/image_size.h"
#include "phonofilm/media/media_file.h"
#include "phonofilm/media/pixels.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::media {
namespace {

constexpr const char* kOperation = "read picture";
// Enough for the segments (EXIF, colour profile) that stand before a JPEG's size.
constexpr size_t kHeadBytes = 1 << 20;

void check_size(const std::string& path, const ImageSize& size, const ImageLimits& limits) {
  PF_CHECK(size.width > 0 && size.height > 0, MediaError, kOperation, path, ": states a size of ", size.width, "x",
           size.height, ": the file is damaged");
  const bool fits = size.width <= limits.max_side && size.height <= limits.max_side &&
                    size.width <= limits.max_pixels / size.height;
  PF_CHECK(fits, MediaError, kOperation, path, ": states a size of ", size.width, "x", size.height,
           "; at most ", limits.max_side, " per side and ", limits.max_pixels / 1'000'000,
           " million pixels are read: scale the picture down first");
}

void check_stated_size(const MediaInput& input, const ImageLimits& limits) {
  if (const auto size = stated_image_size(head_of(input, kHeadBytes))) check_size(input.name, *size, limits);
}

// Phone films carry their turn on the stream, photographs on the frame (where PixelReader finds it).
Tensor turned_by_stream(const Tensor& image, const AVStream& stream, const AVFrame& frame) {
  if (av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX)) return image;
  size_t bytes = 0;
  const std::uint8_t* matrix = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
  if (!matrix || bytes < 9 * sizeof(std::int32_t)) return image;
  return apply_display_matrix(image, reinterpret_cast<const std::int32_t*>(matrix));
}

}  // namespace

Tensor read_image(const MediaInput& input, const ImageLimits& limits) {
  const std::string& path = input.name;
  check_stated_size(input, limits);
  MediaFile file(input, kOperation, limits.max_pixels, limits.max_file_bytes);
  if (!file.video()) file.fail("holds no picture");
  check_size(path, {file.video()->codecpar->width, file.video()->codecpar->height}, limits);
  PixelReader pixels;
  Tensor image;
  decode_streams(file, [&](const AVFrame& frame) {
    check_size(path, {frame.width, frame.height}, limits);
    image = turned_by_stream(pixels.rgb(frame), *file.video(), frame);
    return false;
  }, nullptr);
  if (!image.defined()) file.fail("no picture can be decoded: the file is damaged or cut short");
  return image;
}

}  // namespace phonofilm::media
