// Files that are damaged, cut short, absurd or in the wrong place; disks that are full.
#include <algorithm>
#include <csignal>
#include <filesystem>

#include <sys/resource.h>

#include "media_helpers.h"
#include "phonofilm/base/error.h"
#include "phonofilm/media/audio_file.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"
#include "png_builder.h"

using namespace phonofilm;
using namespace phonofilm::media;
using namespace phonofilm::test;

namespace {

// Lets no file of this process grow beyond `bytes`, as a full disk would.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

size_t files_in(const std::filesystem::path& folder) {
  return size_t(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

// Noise, which no PNG makes small.
Tensor random_picture() {
  Random random(5);
  const Tensor image = at::empty({64, 64, 3}, at::kByte);
  std::uint8_t* pixels = image.data_ptr<std::uint8_t>();
  std::generate_n(pixels, image.numel(), [&] { return std::uint8_t(random.next()); });
  return image;
}

void expect_unreadable(const std::string& path) {
  CAPTURE(path);
  CHECK_THROWS_AS(read_film(path), MediaError);
  CHECK_THROWS_AS(inspect_film(path), MediaError);
  CHECK_THROWS_AS(read_image(path), MediaError);
  CHECK_THROWS_AS(read_audio(path, 0, 0), MediaError);
}

}  // namespace

TEST_CASE("what is no media file is refused with a reason") {
  TemporaryFolder folder;
  write_bytes(folder.file("empty.mp4"), "");
  write_bytes(folder.file("text.png"), "This is no picture, whatever its name says.\n");
  write_bytes(folder.file("long.mp4"), std::string(100'000, 'a'));
  write_bytes(folder.file("list.m3u8"), "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n");
  write_bytes(folder.file("concat.txt"), "ffconcat version 1.0\nfile 'a.mp4'\n");
  for (const char* name : {"empty.mp4", "text.png", "long.mp4", "list.m3u8", "concat.txt", "missing.mp4", "."}) {
    expect_unreadable(folder.file(name));
  }
  CHECK(message_of<MediaError>([&] { read_film(folder.file("empty.mp4")); }).find("empty") != std::string::npos);
  const std::string missing = message_of<MediaError>([&] { read_film(folder.file("missing.mp4")); });
  CHECK(missing.find("No such file") != std::string::npos);
}

TEST_CASE("a film that is cut short is never half read") {
  TemporaryFolder folder;
  write_film(folder.file("whole.mp4"), flash_beep_clip(64, 64, 24, 16000, 1, 1.5));
  const std::string bytes = read_bytes(folder.file("whole.mp4"));
  for (const double share : {0.02, 0.1, 0.5, 0.95, 0.999}) {
    CAPTURE(share);
    write_bytes(folder.file("cut.mp4"), bytes.substr(0, size_t(double(bytes.size()) * share)));
    CHECK_THROWS_AS(read_film(folder.file("cut.mp4")), MediaError);
    CHECK_THROWS_AS(read_audio(folder.file("cut.mp4"), 0, 0), MediaError);
  }
  write_bytes(folder.file("cut.mp4"), bytes.substr(0, bytes.size() / 2));
  CHECK(message_of<MediaError>([&] { read_film(folder.file("cut.mp4")); }).find("cut short") != std::string::npos);
}

TEST_CASE("a damaged film is refused or read, but never harms") {
  TemporaryFolder folder;
  write_film(folder.file("whole.mp4"), flash_beep_clip(48, 48, 24, 16000, 1, 0.5), {{"title", "x"}});
  const std::string bytes = read_bytes(folder.file("whole.mp4"));
  Random random(11);
  FilmLimits limits;
  limits.max_frames = 500;
  for (int round = 0; round < 60; ++round) {
    std::string damaged = bytes;
    for (int hit = 0; hit < 1 + round / 4; ++hit) {
      damaged[size_t(random.below(std::int64_t(damaged.size())))] = char(random.below(256));
    }
    write_bytes(folder.file("damaged.mp4"), damaged);
    try {
      read_film(folder.file("damaged.mp4"), limits);
    } catch (const Error&) {
    }
  }
}

TEST_CASE("damaged pictures") {
  TemporaryFolder folder;
  const Tensor image = flash_beep_clip(64, 64, 24, 16000, 1, 0.25).frames[3];
  write_png(folder.file("a.png"), image);
  const std::string bytes = read_bytes(folder.file("a.png"));
  write_bytes(folder.file("head.png"), bytes.substr(0, 40));
  CHECK_THROWS_AS(read_image(folder.file("head.png")), MediaError);
  write_bytes(folder.file("bomb.png"), build_png(100'000, 100'000, 2, ""));
  CHECK_THROWS_AS(read_image(folder.file("bomb.png")), MediaError);
  CHECK_THROWS_AS(read_film(folder.file("bomb.png")), MediaError);
  write_bytes(folder.file("nothing.png"), build_png(0, 10, 2, ""));
  CHECK_THROWS_AS(read_image(folder.file("nothing.png")), MediaError);
}

TEST_CASE("a full disk leaves nothing half written and keeps what was there") {
  TemporaryFolder folder;
  const Clip clip = flash_beep_clip(96, 96, 24, 48000, 2, 2);
  for (const char* name : {"a.mp4", "a.wav", "a.png"}) {
    CAPTURE(name);
    write_bytes(folder.file(name), "old");
    const size_t before = files_in(folder.path());
    {
      const SmallDisk disk(4096);
      const std::string path = folder.file(name);
      if (path.ends_with("png")) CHECK_THROWS_AS(write_png(path, random_picture()), ResourceError);
      if (path.ends_with("wav")) CHECK_THROWS_AS(write_wav(path, clip.waveform, 48000), ResourceError);
      if (path.ends_with("mp4")) CHECK_THROWS_AS(write_film(path, clip), ResourceError);
    }
    CHECK(read_bytes(folder.file(name)) == "old");
    CHECK(files_in(folder.path()) == before);
  }
}

TEST_CASE("folders that are not there") {
  TemporaryFolder folder;
  const Clip clip = flash_beep_clip(32, 32, 24, 16000, 1, 0.25);
  write_bytes(folder.file("file"), "x");
  CHECK_THROWS_AS(write_film(folder.file("none/a.mp4"), clip), ResourceError);
  CHECK_THROWS_AS(write_film(folder.file("file/a.mp4"), clip), ResourceError);
  CHECK_THROWS_AS(write_wav(folder.file("none/a.wav"), clip.waveform, 16000), ResourceError);
}

TEST_CASE("clips that cannot be written") {
  TemporaryFolder folder;
  Clip clip = flash_beep_clip(32, 32, 24, 16000, 1, 0.25);
  CHECK_THROWS_AS(write_film(folder.file("a.mp4"), Clip{}), InvalidRequest);
  CHECK_THROWS_AS(write_film(folder.file("a.avi"), clip), InvalidRequest);
  CHECK_THROWS_AS(write_film(folder.file("a.wav"), clip), InvalidRequest);
  FilmOptions options;
  options.crf = 99;
  CHECK_THROWS_AS(write_film(folder.file("a.mp4"), clip, {}, options), InvalidRequest);
  Clip wrong = clip;
  wrong.waveform = at::full({1, 100}, NAN, at::kFloat);
  CHECK_THROWS_AS(write_film(folder.file("a.mp4"), wrong), MediaError);
  wrong.waveform = at::zeros({3, 100}, at::kFloat);
  CHECK_THROWS_AS(write_film(folder.file("a.mp4"), wrong), ShapeError);
  wrong = clip;
  wrong.frames = clip.frames.to(at::kFloat);
  CHECK_THROWS_AS(write_film(folder.file("a.mp4"), wrong), ShapeError);
  wrong = clip;
  wrong.fps = 0;
  CHECK_THROWS_AS(write_film(folder.file("a.mp4"), wrong), InvalidRequest);
  CHECK(files_in(folder.path()) == 0);
}
