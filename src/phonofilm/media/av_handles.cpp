#include "phonofilm/media/av_handles.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/dict.h>
#include <libavutil/log.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include <cerrno>
#include <mutex>

#include "phonofilm/base/error.h"

namespace phonofilm::media {
namespace {

// What the operating system refuses, as against what is wrong with the data.
bool is_resource_failure(int code) {
  for (const int number : {ENOSPC, EFBIG, EDQUOT, EACCES, EPERM, EROFS, EIO, ENOMEM, EMFILE, ENFILE, ENOENT, ENOTDIR}) {
    if (code == AVERROR(number)) return true;
  }
  return false;
}

std::string reason(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

}  // namespace

void AvDeleter::operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
void AvDeleter::operator()(AVFrame* frame) const { av_frame_free(&frame); }
void AvDeleter::operator()(AVPacket* packet) const { av_packet_free(&packet); }
void AvDeleter::operator()(SwrContext* resampler) const { swr_free(&resampler); }
void AvDeleter::operator()(SwsContext* scaler) const { sws_freeContext(scaler); }

FrameHandle make_frame() {
  FrameHandle frame(av_frame_alloc());
  PF_CHECK(frame, ResourceError, "media", "out of memory for a frame");
  return frame;
}

PacketHandle make_packet() {
  PacketHandle packet(av_packet_alloc());
  PF_CHECK(packet, ResourceError, "media", "out of memory for a packet");
  return packet;
}

Options::~Options() { av_dict_free(&dictionary_); }

void Options::set(const std::string& name, const std::string& value) {
  av_dict_set(&dictionary_, name.c_str(), value.c_str(), 0);
}

void silence_ffmpeg() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_level(AV_LOG_QUIET); });
}

int check_av(int code, const std::string& operation, const std::string& path, const std::string& what) {
  if (code >= 0) return code;
  const std::string message = concat(path, ": ", what, ": ", reason(code));
  if (is_resource_failure(code)) throw ResourceError(operation, message);
  throw MediaError(operation, message);
}

}  // namespace phonofilm::media
