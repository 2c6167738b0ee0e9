#include "phonofilm/media/pixels.h"

extern "C" {
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::media {
namespace {

constexpr int kExact = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP | SWS_BITEXACT;
constexpr int kUnity = 1 << 16;  // contrast and saturation of sws_setColorspaceDetails

bool has_alpha(int format) {
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(AVPixelFormat(format));
  return descriptor && (descriptor->flags & AV_PIX_FMT_FLAG_ALPHA);
}

// The "J" formats of JPEG are the plain ones in full range.
AVPixelFormat plain_format(int format, bool* full_range) {
  const auto full = [&](AVPixelFormat plain) { *full_range = true; return plain; };
  switch (format) {
    case AV_PIX_FMT_YUVJ420P: return full(AV_PIX_FMT_YUV420P);
    case AV_PIX_FMT_YUVJ422P: return full(AV_PIX_FMT_YUV422P);
    case AV_PIX_FMT_YUVJ444P: return full(AV_PIX_FMT_YUV444P);
    case AV_PIX_FMT_YUVJ440P: return full(AV_PIX_FMT_YUV440P);
    default: return AVPixelFormat(format);
  }
}

int matrix_of(const AVFrame& frame) {
  if (frame.colorspace != AVCOL_SPC_UNSPECIFIED && frame.colorspace != AVCOL_SPC_RGB) return frame.colorspace;
  return frame.height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
}

ScalerHandle make_scaler(int width, int height, AVPixelFormat from, AVPixelFormat to) {
  ScalerHandle scaler(sws_getContext(width, height, from, width, height, to, kExact, nullptr, nullptr, nullptr));
  PF_CHECK(scaler, MediaError, "convert colours", width, "x", height, ": no way from ",
           av_get_pix_fmt_name(from), " to ", av_get_pix_fmt_name(to));
  return scaler;
}

FrameHandle make_picture(int width, int height, int format) {
  FrameHandle frame = make_frame();
  frame->width = width;
  frame->height = height;
  frame->format = format;
  PF_CHECK(av_frame_get_buffer(frame.get(), 64) >= 0, ResourceError, "convert colours", width, "x", height,
           ": out of memory");
  return frame;
}

Tensor copy_rgb(const AVFrame& frame) {
  const Tensor image = at::empty({frame.height, frame.width, 3}, at::kByte);
  av_image_copy_plane(image.data_ptr<std::uint8_t>(), frame.width * 3, frame.data[0], frame.linesize[0], frame.width * 3,
                      frame.height);
  return image;
}

// swscale reads a vector at a time, so past the end of a picture that has no room behind it.
FrameHandle padded_rgb(const Tensor& image, int width, int height) {
  FrameHandle frame = make_picture(width, height, AV_PIX_FMT_RGB24);
  av_image_copy_plane(frame->data[0], frame->linesize[0], image.data_ptr<std::uint8_t>(), width * 3, width * 3, height);
  return frame;
}

// RGBA over white, rounded to nearest.
Tensor flatten_rgba(const AVFrame& frame) {
  const Tensor image = at::empty({frame.height, frame.width, 3}, at::kByte);
  std::uint8_t* out = image.data_ptr<std::uint8_t>();
  for (int row = 0; row < frame.height; ++row) {
    const std::uint8_t* in = frame.data[0] + std::int64_t(row) * frame.linesize[0];
    for (int column = 0; column < frame.width; ++column, in += 4, out += 3) {
      const int alpha = in[3];
      for (int channel = 0; channel < 3; ++channel) {
        out[channel] = std::uint8_t((in[channel] * alpha + 255 * (255 - alpha) + 127) / 255);
      }
    }
  }
  return image;
}

}  // namespace

void PixelReader::prepare(const AVFrame& frame, bool alpha) {
  bool full_range = frame.color_range == AVCOL_RANGE_JPEG;
  const AVPixelFormat from = plain_format(frame.format, &full_range);
  if (scaler_ && width_ == frame.width && height_ == frame.height && format_ == frame.format &&
      colorspace_ == frame.colorspace && range_ == frame.color_range) {
    return;
  }
  scaler_ = make_scaler(frame.width, frame.height, from, alpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24);
  const int* matrix = sws_getCoefficients(matrix_of(frame));
  sws_setColorspaceDetails(scaler_.get(), matrix, full_range, matrix, 1, 0, kUnity, kUnity);
  width_ = frame.width;
  height_ = frame.height;
  format_ = frame.format;
  colorspace_ = frame.colorspace;
  range_ = frame.color_range;
}

Tensor PixelReader::rgb(const AVFrame& frame) {
  const bool alpha = has_alpha(frame.format);
  prepare(frame, alpha);
  const FrameHandle picture = make_picture(frame.width, frame.height, alpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24);
  const int rows =
      sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, picture->data, picture->linesize);
  PF_CHECK(rows == frame.height, MediaError, "convert colours", frame.width, "x", frame.height, ": ", rows,
           " rows done");
  const Tensor image = alpha ? flatten_rgba(*picture) : copy_rgb(*picture);
  const AVFrameSideData* turned = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  if (!turned || turned->size < 9 * sizeof(std::int32_t)) return image;
  return apply_display_matrix(image, reinterpret_cast<const std::int32_t*>(turned->data));
}

Tensor apply_display_matrix(const Tensor& image, const std::int32_t* matrix) {
  // x' = a x + c y, y' = b x + d y with the rows of the matrix (a, b, u), (c, d, v), (x, y, w).
  const std::int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  const bool transposed = std::abs(b) > std::abs(a);
  Tensor result = transposed ? image.transpose(0, 1) : image;
  if ((transposed ? c : a) < 0) result = result.flip({1});
  if ((transposed ? b : d) < 0) result = result.flip({0});
  return result.contiguous();
}

PixelWriter::PixelWriter(std::int64_t height, std::int64_t width, int pixel_format, int colorspace, int range)
    : scaler_(make_scaler(int(width), int(height), AV_PIX_FMT_RGB24, AVPixelFormat(pixel_format))),
      height_(int(height)), width_(int(width)), format_(pixel_format), colorspace_(colorspace), range_(range) {
  const int* matrix = sws_getCoefficients(colorspace);
  sws_setColorspaceDetails(scaler_.get(), matrix, 1, matrix, range == AVCOL_RANGE_JPEG, 0, kUnity, kUnity);
}

FrameHandle PixelWriter::frame(const Tensor& image) {
  expect_image(image, "convert colours");
  const FrameHandle packed = padded_rgb(image.contiguous(), width_, height_);
  FrameHandle picture = make_picture(width_, height_, format_);
  const int rows =
      sws_scale(scaler_.get(), packed->data, packed->linesize, 0, height_, picture->data, picture->linesize);
  PF_CHECK(rows == height_, MediaError, "convert colours", width_, "x", height_, ": ", rows, " rows done");
  picture->colorspace = AVColorSpace(colorspace_);
  picture->color_range = AVColorRange(range_);
  return picture;
}

void expect_image(const Tensor& image, std::string_view where) {
  expect_shape(image, {kAny, kAny, 3}, where);
  PF_CHECK(image.scalar_type() == at::kByte && image.device().is_cpu(), ShapeError, std::string(where),
           "expected a uint8 picture on the CPU, got ", c10::toString(image.scalar_type()), " on ",
           image.device().str());
  PF_CHECK(image.numel() > 0, ShapeError, std::string(where), "the picture has no pixels: ", shape_text(image.sizes()));
}

}  // namespace phonofilm::media
