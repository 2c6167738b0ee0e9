// One untrusted media file opened for reading. Private to media/.
//
// The container is recognised by content alone, and only common containers and decoders are admitted. FFmpeg
// reads through our own callbacks, so that no file but the named one and no network address can be opened,
// whatever a playlist or reference inside the file may ask for.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "phonofilm/media/av_handles.h"
#include "phonofilm/media/media_input.h"

struct AVStream;

namespace phonofilm::media {

class MediaFile {
 public:
  // operation: head of error messages, e.g. "read film". max_pixels: decoders refuse larger pictures.
  // Throws MediaError: missing, not a regular file, empty, larger than max_bytes, or of no known kind.
  MediaFile(const MediaInput& input, const std::string& operation, std::int64_t max_pixels,
            std::int64_t max_bytes = std::int64_t(1) << 40);
  ~MediaFile();
  MediaFile(const MediaFile&) = delete;
  MediaFile& operator=(const MediaFile&) = delete;

  const std::string& path() const { return path_; }
  const std::string& operation() const { return operation_; }
  std::int64_t bytes() const;
  const AVFormatContext& format() const { return *format_; }
  // The streams that a player would choose; null when there is none. A cover picture is not a film.
  const AVStream* video() const { return video_; }
  const AVStream* audio() const { return audio_; }
  std::map<std::string, std::string> metadata() const;  // of the container and its streams, without its own brands

  // Throws MediaError when the index points behind the end of the file.
  void refuse_if_cut_short() const;
  // Reads on; false at the end. Throws MediaError where the file is damaged.
  bool read(AVPacket& packet);
  // A decoder for one of the streams, ready to be fed. Throws MediaError for codecs that are not admitted.
  CodecHandle open_decoder(const AVStream& stream) const;

  [[noreturn]] void fail(const std::string& message) const;  // MediaError with operation and path

 private:
  struct Source;  // the open file
  void open_path();
  void open_container();
  void find_streams();

  std::string path_, operation_;
  std::int64_t max_pixels_;
  std::unique_ptr<Source> source_;
  AVFormatContext* format_ = nullptr;
  const AVStream* video_ = nullptr;
  const AVStream* audio_ = nullptr;
};

// Decodes the chosen streams to the end, or until either sink returns false. A null sink leaves its stream out.
// A few damaged packets (tags behind the sound) are passed over; more are a MediaError.
using FrameConsumer = std::function<bool(const AVFrame&)>;
void decode_streams(MediaFile& file, const FrameConsumer& video_sink, const FrameConsumer& audio_sink);

}  // namespace phonofilm::media
