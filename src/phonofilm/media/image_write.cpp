extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
}

#include <string_view>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/media/image.h"
#include "phonofilm/media/pixels.h"

namespace phonofilm::media {
namespace {

constexpr const char* kOperation = "write picture";

CodecHandle open_encoder(const std::string& path, const char* name, int width, int height, int format, int quality) {
  silence_ffmpeg();
  const AVCodec* codec = avcodec_find_encoder_by_name(name);
  PF_CHECK(codec, MediaError, kOperation, path, ": this FFmpeg was built without the '", name, "' encoder");
  CodecHandle encoder(avcodec_alloc_context3(codec));
  PF_CHECK(encoder, ResourceError, kOperation, path, ": out of memory");
  encoder->width = width;
  encoder->height = height;
  encoder->pix_fmt = AVPixelFormat(format);
  encoder->time_base = {1, 1};
  encoder->thread_count = 1;
  encoder->flags |= AV_CODEC_FLAG_BITEXACT;
  av_opt_set(encoder->priv_data, "pred", "mixed", 0);  // PNG only: the best row filter for each row
  if (quality > 0) {
    encoder->flags |= AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = FF_QP2LAMBDA * quality;
    encoder->color_range = AVCOL_RANGE_JPEG;
    encoder->colorspace = AVCOL_SPC_BT470BG;
  }
  check_av(avcodec_open2(encoder.get(), codec, nullptr), kOperation, path, "the encoder cannot be opened");
  return encoder;
}

void encode_to_file(const std::string& path, AVCodecContext& encoder, AVFrame& frame) {
  const PacketHandle packet = make_packet();
  frame.pts = 0;
  frame.quality = encoder.global_quality;
  check_av(avcodec_send_frame(&encoder, &frame), kOperation, path, "encoding");
  check_av(avcodec_receive_packet(&encoder, packet.get()), kOperation, path, "encoding");
  write_file_atomically(path, {reinterpret_cast<const char*>(packet->data), size_t(packet->size)});
}

}  // namespace

void write_png(const std::string& path, const Tensor& image) {
  expect_image(image, "write picture");
  const int height = int(image.size(0)), width = int(image.size(1));
  const CodecHandle encoder = open_encoder(path, "png", width, height, AV_PIX_FMT_RGB24, 0);
  PixelWriter pixels(height, width, AV_PIX_FMT_RGB24, AVCOL_SPC_BT709, AVCOL_RANGE_JPEG);
  encode_to_file(path, *encoder, *pixels.frame(image));
}

void write_jpeg(const std::string& path, const Tensor& image, int quality) {
  expect_image(image, "write picture");
  PF_CHECK(quality >= 1 && quality <= 100, InvalidRequest, kOperation, path, ": quality ", quality,
           " is not in 1 to 100");
  const int height = int(image.size(0)), width = int(image.size(1));
  // FFmpeg's quantiser scale runs from 1 (best) to 31; squaring brings the steps near those of other programs.
  const int scale = 1 + 30 * (100 - quality) * (100 - quality) / (99 * 99);
  const int format = quality >= 90 ? AV_PIX_FMT_YUVJ444P : AV_PIX_FMT_YUVJ420P;
  const CodecHandle encoder = open_encoder(path, "mjpeg", width, height, format, scale);
  PixelWriter pixels(height, width, format, AVCOL_SPC_BT470BG, AVCOL_RANGE_JPEG);
  encode_to_file(path, *encoder, *pixels.frame(image));
}

}  // namespace phonofilm::media
