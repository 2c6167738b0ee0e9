#include "phonofilm/media/film_writer.h"

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/media/film_muxer.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::media {

// What the maker hands to the thread: pictures, then either the ending or the news that there is none.
class FilmWriter::Queue {
 public:
  void push(const Tensor& frames) { change([&] { frames_.push_back(frames); }); }
  void end(Ending ending) { change([&] { ending_ = std::move(ending); }); }
  void abandon() { change([&] { abandoned_ = true; }); }

  // The next pictures, or an undefined tensor after the last ones. Throws Cancelled for an abandoned film.
  Tensor next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return abandoned_ || ending_ || !frames_.empty(); });
    if (abandoned_) throw Cancelled("write film", "the film is not wanted any more");
    if (frames_.empty()) return {};
    const Tensor frames = std::move(frames_.front());
    frames_.pop_front();
    return frames;
  }
  const Ending& ending() const { return *ending_; }  // after next() has given an undefined tensor

 private:
  template <class Change>
  void change(const Change& apply) {
    const std::lock_guard lock(mutex_);
    apply();
    changed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Tensor> frames_;
  std::optional<Ending> ending_;
  bool abandoned_ = false;
};

FilmWriter::FilmWriter(const std::string& path, const FilmFormat& format, const FilmOptions& options)
    : path_(path), format_(format), options_(options), queue_(std::make_shared<Queue>()) {
  check_fields(options_.fields(), path);
  const std::string extension = to_lower(std::filesystem::path(path).extension().string());
  PF_CHECK(extension == ".mp4" || extension == ".mov", InvalidRequest, "write film", path,
           ": a film with pictures is an .mp4 or a .mov");
  written_ = std::async(std::launch::async, [this] {
    with_temporary_file(path_, [this](const std::string& temporary) { write(temporary); });
  });
}

FilmWriter::~FilmWriter() {
  queue_->abandon();
  if (written_.valid()) written_.wait();
}

void FilmWriter::push(const Tensor& frames) {
  expect_shape(frames, {kAny, format_.height, format_.width, 3}, "write film: frames [F, H, W, 3]");
  PF_CHECK(frames.scalar_type() == at::kByte, ShapeError, "write film", path_, ": frames must be uint8");
  queue_->push(frames.to(at::kCPU));
}

void FilmWriter::finish(const Tensor& waveform, std::int64_t sample_rate, const Metadata& metadata) {
  PF_CHECK(waveform.defined() == (format_.channels > 0), ShapeError, "write film", path_,
           waveform.defined() ? ": sound for a silent film" : ": no sound for a film that was to have some");
  if (waveform.defined()) expect_shape(waveform, {format_.channels, kAny}, "write film: waveform [C, S]");
  queue_->end({waveform.defined() ? waveform.to(at::kCPU, at::kFloat) : Tensor(), sample_rate, metadata});
  written_.get();
}

void FilmWriter::write(const std::string& path) const {
  FilmMuxer muxer(path, to_lower(std::filesystem::path(path).extension().string()).substr(1));
  VideoTrack video(muxer, format_.height, format_.width, format_.fps, options_);
  std::optional<AudioTrack> audio;
  if (format_.channels > 0) audio.emplace(muxer, format_.channels, options_);
  muxer.start();
  for (Tensor frames = queue_->next(); frames.defined(); frames = queue_->next()) {
    for (const Tensor& picture : frames.unbind()) video.write(picture);
  }
  video.finish();
  const Ending& ending = queue_->ending();
  if (audio) {
    audio->begin(ending.waveform, ending.sample_rate);
    while (!audio->done()) audio->write_next();
    audio->finish();
  }
  Metadata metadata = ending.metadata;
  if (!video.true_size().empty()) metadata[kPictureSizeKey] = video.true_size();
  muxer.finish(metadata);
}

}  // namespace phonofilm::media
