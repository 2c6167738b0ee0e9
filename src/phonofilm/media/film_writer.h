// A film that is written while it is still being made: pictures are encoded in a thread of their own as they come in, so
// that a slow decoder and the H.264 encoder work at the same time.
//
//   FilmWriter writer("film.mp4", {.height = 704, .width = 704, .fps = 24, .channels = 1}, options);
//   while (...) writer.push(next_frames);
//   writer.finish(waveform, 16000, metadata);
#pragma once

#include <future>
#include <memory>

#include "phonofilm/media/film.h"

namespace phonofilm::media {

struct FilmFormat {
  std::int64_t height = 0, width = 0;  // of the pictures
  double fps = 24;
  std::int64_t channels = 0;           // of the sound; 0: a silent film
};

class FilmWriter {
 public:
  // Throws InvalidRequest for options out of range and for a path that is neither .mp4 nor .mov.
  FilmWriter(const std::string& path, const FilmFormat& format, const FilmOptions& options);
  // Without finish() the film was not wanted: nothing is left of it.
  ~FilmWriter();
  FilmWriter(const FilmWriter&) = delete;
  FilmWriter& operator=(const FilmWriter&) = delete;

  // frames: uint8 [n, H, W, 3], the next of the film. Returns at once; they must not be written to afterwards.
  // Throws ShapeError.
  void push(const Tensor& frames);
  // Waits until the file is whole. It has the same bytes as write_film's of the same clip. waveform: [C, S] float32, or
  // undefined without sound. Throws ShapeError, MediaError, ResourceError.
  void finish(const Tensor& waveform, std::int64_t sample_rate, const Metadata& metadata);

 private:
  struct Ending {
    Tensor waveform;
    std::int64_t sample_rate = 0;
    Metadata metadata;
  };
  class Queue;
  void write(const std::string& path) const;  // the thread's work

  std::string path_;
  FilmFormat format_;
  FilmOptions options_;
  std::shared_ptr<Queue> queue_;
  std::future<void> written_;
};

}  // namespace phonofilm::media
