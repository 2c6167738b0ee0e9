// Owners of FFmpeg's objects, and its error codes as our exceptions. Private to media/; FFmpeg's own headers stay in
// .cpp files, hence the forward declarations.
#pragma once

#include <memory>
#include <string>

struct AVCodecContext;
struct AVDictionary;
struct AVFormatContext;
struct AVFrame;
struct AVIOContext;
struct AVPacket;
struct SwrContext;
struct SwsContext;

namespace phonofilm::media {

struct AvDeleter {
  void operator()(AVCodecContext* codec) const;
  void operator()(AVFrame* frame) const;
  void operator()(AVPacket* packet) const;
  void operator()(SwrContext* resampler) const;
  void operator()(SwsContext* scaler) const;
};

using CodecHandle = std::unique_ptr<AVCodecContext, AvDeleter>;
using FrameHandle = std::unique_ptr<AVFrame, AvDeleter>;
using PacketHandle = std::unique_ptr<AVPacket, AvDeleter>;
using ResamplerHandle = std::unique_ptr<SwrContext, AvDeleter>;
using ScalerHandle = std::unique_ptr<SwsContext, AvDeleter>;

// Throw ResourceError when there is no memory.
FrameHandle make_frame();
PacketHandle make_packet();

// A dictionary of options that frees what FFmpeg leaves in it.
class Options {
 public:
  Options() = default;
  ~Options();
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
  void set(const std::string& name, const std::string& value);
  AVDictionary** get() { return &dictionary_; }

 private:
  AVDictionary* dictionary_ = nullptr;
};

// FFmpeg logs to stderr by default, which a library must not do: call before the first use.
void silence_ffmpeg();

// Throws when `code` is an error: ResourceError for disk, memory and permission, else MediaError. Returns `code`.
//   check_av(avformat_write_header(...), "write film", path, "the header cannot be written");
int check_av(int code, const std::string& operation, const std::string& path, const std::string& what);

}  // namespace phonofilm::media
