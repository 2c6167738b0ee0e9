// Encoders and the mp4 writer behind write_film and FilmWriter. Private to media/.
#pragma once

#include <string>

#include "phonofilm/media/film.h"
#include "phonofilm/media/pixels.h"

struct AVStream;

namespace phonofilm::media {

inline constexpr std::int64_t kAacRate = 48'000;
// Where the true size of a picture stands that was extended to even sides: "95x97" (width x height).
inline constexpr const char* kPictureSizeKey = "phonofilm_picture_size";

// An mp4, mov or m4a file under construction at `path`, which is not atomic by itself.
class FilmMuxer {
 public:
  FilmMuxer(const std::string& path, const std::string& container);
  ~FilmMuxer();
  FilmMuxer(const FilmMuxer&) = delete;
  FilmMuxer& operator=(const FilmMuxer&) = delete;

  AVStream* add_stream(const AVCodecContext& encoder);
  void start();  // after all streams
  // Encodes one frame (null: the end) and writes what comes out; packets last `duration` encoder ticks unless 0.
  void encode(AVCodecContext& encoder, AVStream& stream, const AVFrame* frame, std::int64_t duration);
  void finish(const Metadata& metadata);

  const std::string& path() const { return path_; }
  bool wants_global_header() const;

 private:
  std::string path_;
  AVFormatContext* format_ = nullptr;
  PacketHandle packet_;
};

// H.264 without reordering, so that pictures need no edit list.
class VideoTrack {
 public:
  VideoTrack(FilmMuxer& muxer, std::int64_t height, std::int64_t width, double fps, const FilmOptions& options);
  double next_seconds() const { return double(next_) / fps_; }
  void write(const Tensor& picture);  // uint8 [H, W, 3], the next one
  void finish();
  std::string true_size() const;  // for kPictureSizeKey; "" when the sides are even

 private:
  Tensor extended(Tensor picture) const;  // scaled, and extended to even sides
  FilmMuxer& muxer_;
  double fps_;
  FilmOptions options_;
  std::int64_t height_, width_;  // as seen, before extension
  CodecHandle encoder_;
  AVStream* stream_ = nullptr;
  PixelWriter pixels_;
  std::int64_t next_ = 0;
};

// AAC at 48 kHz. The encoder's first packet has a negative time; the muxer turns that into an edit list.
class AudioTrack {
 public:
  AudioTrack(FilmMuxer& muxer, std::int64_t channels, const FilmOptions& options);
  void begin(const Tensor& waveform, std::int64_t sample_rate);  // [C, S] float32
  bool done() const { return next_ == waveform_.size(1); }
  double next_seconds() const { return double(next_) / double(kAacRate); }
  void write_next();
  void finish();

 private:
  FilmMuxer& muxer_;
  Tensor waveform_;  // [C, S] at 48 kHz
  CodecHandle encoder_;
  AVStream* stream_ = nullptr;
  std::int64_t next_ = 0;
};

}  // namespace phonofilm::media
