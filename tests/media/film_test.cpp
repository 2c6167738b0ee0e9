// Writing and reading films: the clock, the colours, the metadata, the odd sizes.
#include "phonofilm/media/film.h"

#include "media_helpers.h"
#include "phonofilm/base/error.h"
#include "phonofilm/media/audio_file.h"
#include "phonofilm/media/image.h"

using namespace phonofilm;
using namespace phonofilm::media;
using namespace phonofilm::test;

namespace {

std::int64_t big_endian(const std::string& bytes, size_t at) {
  std::int64_t value = 0;
  for (size_t index = 0; index < 4; ++index) value = value << 8 | std::uint8_t(bytes.at(at + index));
  return value;
}

// The media times of all edit lists (version 0, one entry each).
std::vector<std::int64_t> edit_media_times(const std::string& bytes) {
  std::vector<std::int64_t> times;
  for (size_t at = bytes.find("elst"); at != std::string::npos; at = bytes.find("elst", at + 4)) {
    CHECK(big_endian(bytes, at + 8) == 1);
    times.push_back(big_endian(bytes, at + 16));
  }
  return times;
}

double largest_difference(const Tensor& one, const Tensor& other) {
  return (one.to(at::kFloat) - other.to(at::kFloat)).abs().max().item<double>();
}

}  // namespace

TEST_CASE("sound and picture keep their clock at every sample rate") {
  TemporaryFolder folder;
  for (const std::int64_t rate : {16000, 22050, 44100, 48000}) {
    for (const std::int64_t channels : {1, 2}) {
      CAPTURE(rate);
      CAPTURE(channels);
      const Clip clip = flash_beep_clip(48, 64, 24, rate, channels, 1.25);
      const std::string path = folder.file("clip.mp4");
      write_film(path, clip);
      const ClockReport report = verify_clock(path, clip);
      CHECK(std::abs(report.audio_offset_ms) < 0.01);
      CHECK(report.correlation > 0.98);
      CHECK(std::abs(report.audio_duration_difference) <= 1.0 / double(rate));
      CHECK(report.frames_read == 30);
      CHECK(report.fps_read == doctest::Approx(24));
      CHECK(report.frame_shift == 0);
      CHECK(report.psnr.size() == 30);
      CHECK(report.psnr_min > 36);
      const Film film = read_film(path);
      CHECK(film.clip.sample_rate == 48000);
      CHECK(film.clip.waveform.size(0) == channels);
    }
  }
}

TEST_CASE("verify_clock sees a late sound and a late picture") {
  TemporaryFolder folder;
  const Clip clip = flash_beep_clip(48, 48, 24, 16000, 1, 1.5);
  Clip late = clip;
  late.waveform = at::constant_pad_nd(clip.waveform, {160, 0}, 0).narrow(1, 0, clip.waveform.size(1));
  late.frames = at::cat({clip.frames.narrow(0, 0, 1), clip.frames.narrow(0, 0, clip.frames.size(0) - 1)});
  write_film(folder.file("late.mp4"), late);
  const ClockReport report = verify_clock(folder.file("late.mp4"), clip);
  CHECK(report.audio_offset_ms == doctest::Approx(10).epsilon(0.001));
  CHECK(report.frame_shift == 1);
}

TEST_CASE("priming is cut by the edit list, pictures need none, the index stands first") {
  TemporaryFolder folder;
  write_film(folder.file("clip.mp4"), flash_beep_clip(48, 48, 25, 16000, 1, 1));
  const std::string bytes = read_bytes(folder.file("clip.mp4"));
  const auto times = edit_media_times(bytes);
  REQUIRE(!times.empty());
  CHECK(times.back() == 1024);
  for (size_t index = 0; index + 1 < times.size(); ++index) CHECK(times[index] == 0);
  CHECK(bytes.find("moov") < bytes.find("mdat"));
  const FilmFacts facts = inspect_film(folder.file("clip.mp4")).facts;
  CHECK(facts.priming_samples == 1024);
  CHECK(facts.audio_start == 0);
  CHECK(facts.video_start == 0);
  CHECK(facts.audio_seconds == doctest::Approx(1).epsilon(1e-6));
  CHECK(facts.video_frames == 25);
  CHECK(facts.color == "bt709/bt709/bt709/tv");
  CHECK(facts.pixel_format == "yuv420p");
}

TEST_CASE("edit lists of other programs are honoured") {
  TemporaryFolder folder;
  const Clip clip = flash_beep_clip(48, 48, 24, 16000, 1, 1.5);
  write_film(folder.file("clip.mp4"), clip);
  std::string bytes = read_bytes(folder.file("clip.mp4"));
  const size_t sound = bytes.rfind("elst");
  REQUIRE(big_endian(bytes, sound + 16) == 1024);
  bytes[sound + 18] = char((1024 + 480) >> 8);  // the sound now starts 480 samples later in its track: 10 ms early
  bytes[sound + 19] = char((1024 + 480) & 255);
  write_bytes(folder.file("early.mp4"), bytes);
  CHECK(verify_clock(folder.file("early.mp4"), clip).audio_offset_ms == doctest::Approx(-10).epsilon(0.001));
}

TEST_CASE("flat colours come back within three levels") {
  TemporaryFolder folder;
  const int colors[][3] = {{0, 0, 0},    {255, 255, 255}, {128, 128, 128}, {255, 0, 0},  {0, 255, 0},
                           {0, 0, 255}, {255, 255, 0},   {200, 120, 40},  {30, 60, 90}, {250, 180, 170}};
  for (const auto& color : colors) {
    CAPTURE(color[0]);
    CAPTURE(color[1]);
    CAPTURE(color[2]);
    Clip clip;
    clip.frames = flat_frames(3, 32, 48, color[0], color[1], color[2]);
    write_film(folder.file("flat.mp4"), clip);
    const Film film = read_film(folder.file("flat.mp4"));
    CHECK(!film.clip.has_audio());
    CHECK(largest_difference(film.clip.frames, clip.frames) <= 3);
  }
}

TEST_CASE("odd sizes, tiny sizes and single frames come back in their own size") {
  TemporaryFolder folder;
  for (const auto& [height, width] : {std::pair{95, 97}, {33, 48}, {32, 17}, {1, 1}, {3, 5}}) {
    CAPTURE(height);
    CAPTURE(width);
    Clip clip;
    clip.frames = flat_frames(1, height, width, 90, 150, 210);
    write_film(folder.file("odd.mp4"), clip);
    const Film film = read_film(folder.file("odd.mp4"));
    CHECK(film.clip.frames.sizes() == clip.frames.sizes());
    CHECK(largest_difference(film.clip.frames, clip.frames) <= 3);
    CHECK(film.metadata.empty());
  }
}

TEST_CASE("a film of one pixel that another program wrote, of which no true size is known") {
  TemporaryFolder folder;
  using namespace std::string_literals;
  const std::string size = "\x01\0\x01\0"s, white = "\xff\xff\xff"s, black = "\0\0\0"s;
  write_bytes(folder.file("dot.gif"), "GIF89a" + size + "\x80\0\0"s + white + black + ",\0\0\0\0"s + size + "\0\x02\x02\x44\x01\0;"s);
  const Tensor frames = read_film(folder.file("dot.gif")).clip.frames;
  REQUIRE(frames.sizes() == at::IntArrayRef({1, 1, 1, 3}));
  CHECK(frames.min().item<int>() == 255);
}

TEST_CASE("scale enlarges by whole factors") {
  TemporaryFolder folder;
  const Clip clip = flash_beep_clip(31, 40, 24, 16000, 1, 0.5);
  for (const char* filter : {"nearest", "smooth"}) {
    FilmOptions options;
    options.scale = 3;
    options.scale_filter = filter;
    write_film(folder.file("large.mp4"), clip, {}, options);
    const Film film = read_film(folder.file("large.mp4"));
    CHECK(film.clip.frames.size(1) == 93);
    CHECK(film.clip.frames.size(2) == 120);
    const Tensor centers = film.clip.frames.slice(1, 1, 93, 3).slice(2, 1, 120, 3);  // of the enlarged pixels
    CHECK(largest_difference(centers.to(at::kFloat).mean(0), clip.frames.to(at::kFloat).mean(0)) < 12);
  }
}

TEST_CASE("frame rates are exact, also the ones of television") {
  TemporaryFolder folder;
  for (const double fps : {23.976, 24000.0 / 1001, 25.0, 29.97, 30.0, 12.5, 60.0, 7.0}) {
    CAPTURE(fps);
    Clip clip;
    clip.fps = fps;
    clip.frames = flat_frames(9, 16, 16, 80, 80, 80);
    write_film(folder.file("rate.mp4"), clip);
    const Film film = read_film(folder.file("rate.mp4"));
    CHECK(film.clip.frames.size(0) == 9);
    CHECK(film.clip.fps == doctest::Approx(fps).epsilon(2e-5));
  }
  Clip clip;
  clip.fps = 23.976;
  clip.frames = flat_frames(9, 16, 16, 80, 80, 80);
  write_film(folder.file("rate.mp4"), clip);
  CHECK(read_film(folder.file("rate.mp4")).clip.fps == doctest::Approx(24000.0 / 1001).epsilon(1e-12));
}

TEST_CASE("metadata of any key survives, long settings included") {
  TemporaryFolder folder;
  const Metadata metadata = {{kSettingsKey, "{\"prompt\":\"" + std::string(200'000, 'x') + "\",\"seed\":7}"},
                             {"title", "Eine blaue Kugel - \xc3\xa4\xe2\x82\xac"},
                             {"my.own-key 1", "a=b;c\nd"}};
  write_film(folder.file("clip.mp4"), flash_beep_clip(32, 32, 24, 16000, 1, 0.5), metadata);
  CHECK(inspect_film(folder.file("clip.mp4")).metadata == metadata);
  CHECK(read_film(folder.file("clip.mp4")).metadata == metadata);
}

TEST_CASE("sound alone: m4a and wav") {
  TemporaryFolder folder;
  Clip clip;
  clip.sample_rate = 22050;
  clip.waveform = beeps(2, 22050, 1.3);
  for (const char* name : {"sound.m4a", "sound.wav", "sound.mp4"}) {
    CAPTURE(name);
    write_film(folder.file(name), clip, {{kSettingsKey, "{\"seed\": 3}"}});
    const Film film = read_film(folder.file(name));
    CHECK(!film.clip.has_video());
    CHECK(film.metadata.at(kSettingsKey) == "{\"seed\": 3}");
    const ClockReport report = verify_clock(folder.file(name), clip);
    CHECK(report.has_audio);
    CHECK(!report.has_video);
    CHECK(std::abs(report.audio_offset_ms) < 0.01);
    CHECK(report.correlation > 0.98);
    CHECK(std::abs(report.audio_duration_difference) <= 1.0 / 22050);
  }
  CHECK(read_film(folder.file("sound.wav")).clip.sample_rate == 22050);
}

TEST_CASE("very short sounds and sounds longer than the picture") {
  TemporaryFolder folder;
  for (const std::int64_t samples : {1, 100, 1000, 5000, 40001}) {
    CAPTURE(samples);
    Clip clip;
    clip.frames = flat_frames(12, 16, 16, 10, 20, 30);
    clip.waveform = at::full({1, samples}, 0.1, at::kFloat);
    write_film(folder.file("short.mp4"), clip);
    FilmLimits limits;
    limits.sample_rate = 16000;
    const Film film = read_film(folder.file("short.mp4"), limits);
    CHECK(film.clip.waveform.size(1) == samples);
    CHECK(film.clip.frames.size(0) == 12);
  }
}

TEST_CASE("the same clip gives the same bytes") {
  TemporaryFolder folder;
  const Clip clip = flash_beep_clip(48, 48, 24, 16000, 2, 0.75);
  write_film(folder.file("a.mp4"), clip, {{"seed", "1"}});
  write_film(folder.file("b.mp4"), clip, {{"seed", "1"}});
  CHECK(read_bytes(folder.file("a.mp4")) == read_bytes(folder.file("b.mp4")));
}

TEST_CASE("reading at another frame rate, rate and channel count") {
  TemporaryFolder folder;
  Clip clip = flash_beep_clip(32, 32, 24, 48000, 2, 1);
  for (std::int64_t frame = 0; frame < 24; ++frame) clip.frames[frame].fill_(frame * 10);
  write_film(folder.file("clip.mp4"), clip);
  FilmLimits limits;
  limits.fps = 12;
  limits.sample_rate = 16000;
  limits.channels = 1;
  const Film film = read_film(folder.file("clip.mp4"), limits);
  REQUIRE(film.clip.frames.size(0) == 12);
  for (std::int64_t frame = 0; frame < 12; ++frame) {
    CHECK(std::abs(film.clip.frames[frame].to(at::kFloat).mean().item<double>() - double(frame * 20)) < 3);
  }
  CHECK(film.clip.waveform.size(0) == 1);
  CHECK(film.clip.waveform.size(1) == 16000);
  const Tensor expected = resample_audio(clip.waveform.mean(0, true), 48000, 16000);
  CHECK(relative_error(film.clip.waveform, expected) < 0.3);
}

TEST_CASE("at another rate a film is as long as it was: until its last picture ends") {
  TemporaryFolder folder;
  struct Case {
    double from;
    std::int64_t pictures;
    double to;
    std::int64_t expected;
  };
  for (const Case& c : {Case{60, 120, 24, 48}, {50, 100, 24, 48}, {12, 23, 24, 46}, {30, 63, 24, 50}, {24, 1, 24, 1}}) {
    CAPTURE(c.from);
    write_film(folder.file("film.mp4"), {flat_frames(c.pictures, 16, 16, 80, 80, 80), c.from, {}, 16000});
    FilmLimits limits;
    limits.fps = c.to;
    CHECK(read_film(folder.file("film.mp4"), limits).clip.frames.size(0) == c.expected);
    limits.truncate = true;
    limits.max_frames = 20;
    CHECK(read_film(folder.file("film.mp4"), limits).clip.frames.size(0) == std::min<std::int64_t>(20, c.expected));
  }
}

TEST_CASE("pictures are read scaled to cover a size, the same as after reading, in the memory of the small ones") {
  TemporaryFolder folder;
  const std::string path = folder.file("film.mp4");
  const Clip clip = flash_beep_clip(49, 64, 24, 16000, 1, 1);
  write_film(path, clip);
  const Tensor whole = read_film(path).clip.frames;
  FilmLimits limits;
  limits.height = limits.width = 20;
  limits.max_frames = 24;
  limits.max_bytes = 24 * 20 * 20 * 3;  // room for no more; the sound has as much
  limits.sample_rate = 1000;
  limits.truncate = true;
  const Tensor small = read_film(path, limits).clip.frames;
  REQUIRE(small.sizes() == at::IntArrayRef({24, 20, 20, 3}));
  for (std::int64_t k = 0; k < 24; ++k) CHECK(at::equal(small[k], resize_cover(whole[k], 20, 20)));
}

TEST_CASE("limits refuse or cut") {
  TemporaryFolder folder;
  write_film(folder.file("clip.mp4"), flash_beep_clip(32, 32, 24, 16000, 1, 1.5));
  FilmLimits limits;
  limits.max_frames = 10;
  const std::string message = message_of<MediaError>([&] { read_film(folder.file("clip.mp4"), limits); });
  CHECK(message.find("10 frames") != std::string::npos);
  limits.truncate = true;
  CHECK(read_film(folder.file("clip.mp4"), limits).clip.frames.size(0) == 10);
  limits = {};
  limits.max_seconds = 1;
  CHECK_THROWS_AS(read_film(folder.file("clip.mp4"), limits), MediaError);
  limits.truncate = true;
  const Film film = read_film(folder.file("clip.mp4"), limits);
  CHECK(film.clip.frames.size(0) == 24);
  CHECK(film.clip.waveform.size(1) == 48000);
  limits = {};
  limits.max_bytes = 32 * 32 * 3 * 5;
  CHECK_THROWS_AS(read_film(folder.file("clip.mp4"), limits), MediaError);
  limits.truncate = true;  // where it is wanted to end, not where the memory does
  CHECK_THROWS_AS(read_film(folder.file("clip.mp4"), limits), MediaError);
  limits = {};
  limits.max_side = 16;
  CHECK_THROWS_AS(read_film(folder.file("clip.mp4"), limits), MediaError);
}
