#include "phonofilm/media/film_writer.h"

#include "media_helpers.h"
#include "phonofilm/base/error.h"

using namespace phonofilm;
using namespace phonofilm::media;
using namespace phonofilm::test;

namespace {

FilmFormat format_of(const Clip& clip) {
  return {clip.frames.size(1), clip.frames.size(2), clip.fps, clip.has_audio() ? clip.waveform.size(0) : 0};
}

// In pieces of three frames.
void write_in_pieces(const std::string& path, const Clip& clip, const Metadata& metadata) {
  FilmWriter writer(path, format_of(clip), {});
  for (const Tensor& frames : clip.frames.split(3)) writer.push(frames);
  writer.finish(clip.waveform, clip.sample_rate, metadata);
}

}  // namespace

TEST_CASE("film writer: pieces give the bytes that write_film gives") {
  TemporaryFolder folder;
  const Metadata metadata{{kSettingsKey, "{}"}, {"title", "beeps"}};
  for (const bool sound : {true, false}) {
    CAPTURE(sound);
    Clip clip = flash_beep_clip(48, 64, 24, 16000, 1, 12.5);  // longer than FFmpeg lets streams drift apart by itself
    if (!sound) clip.waveform = Tensor();
    write_film(folder.file("whole.mp4"), clip, metadata);
    write_in_pieces(folder.file("pieces.mp4"), clip, metadata);
    CHECK(read_bytes(folder.file("pieces.mp4")) == read_bytes(folder.file("whole.mp4")));
  }
}

TEST_CASE("film writer: odd sizes, sound and clock are those of the clip") {
  TemporaryFolder folder;
  const Clip clip = flash_beep_clip(47, 65, 24, 16000, 1, 1.5);
  write_in_pieces(folder.file("film.mp4"), clip, {});
  const ClockReport report = verify_clock(folder.file("film.mp4"), clip);
  CHECK(report.frames_read == 36);
  CHECK(report.frame_shift == 0);
  CHECK(report.psnr_min > 34);
  CHECK(std::abs(report.audio_offset_ms) < 0.01);
  CHECK(read_film(folder.file("film.mp4")).clip.frames.sizes() == clip.frames.sizes());
}

TEST_CASE("film writer: a film that is not finished leaves nothing behind") {
  TemporaryFolder folder;
  const Clip clip = flash_beep_clip(48, 64, 24, 16000, 1, 0.5);
  {
    FilmWriter writer(folder.file("film.mp4"), format_of(clip), {});
    writer.push(clip.frames);
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("film writer: what does not fit is refused, and failures of the thread come out at the end") {
  TemporaryFolder folder;
  const Clip clip = flash_beep_clip(48, 64, 24, 16000, 1, 0.5);
  FilmWriter writer(folder.file("film.mp4"), format_of(clip), {});
  CHECK_THROWS_AS(writer.push(clip.frames.narrow(2, 0, 32)), ShapeError);
  CHECK_THROWS_AS(writer.push(clip.frames.to(at::kFloat)), ShapeError);
  CHECK_THROWS_AS(writer.finish({}, 16000, {}), ShapeError);
  CHECK_THROWS_AS(FilmWriter(folder.file("film.wav"), format_of(clip), {}), InvalidRequest);
  FilmWriter nowhere(folder.file("missing/film.mp4"), format_of(clip), {});
  nowhere.push(clip.frames);
  CHECK_THROWS_AS(nowhere.finish(clip.waveform, clip.sample_rate, {}), Error);
}
