// What becomes of a clip before it is encoded: sizes, pictures on 24 a second, sound in whole tokens; and the files it
// is kept in.
#include "phonofilm/train/nava_clip.h"

#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/nava_clip_file.h"
#include "support/support.h"
#include "train/nava_small_backbone.h"

using namespace phonofilm;
using namespace phonofilm::train;
using test::small_backbone;

namespace {

// Frame i is of brightness 4 i.
Clip counting(std::int64_t frames, double fps, std::int64_t height = 32, std::int64_t width = 32) {
  Clip clip;
  clip.frames =
      (4 * at::arange(frames)).to(at::kByte).view({frames, 1, 1, 1}).expand({frames, height, width, 3}).contiguous();
  clip.fps = fps;
  return clip;
}

// Of a sound alone, with one spoken line.
EncodedClip encoded() {
  return {{},
          at::ones({128, 9}).to(at::kBFloat16),
          at::ones({3, 4}).to(at::kBFloat16),
          at::zeros({1}, at::kLong),
          at::ones({1, 6})};
}

std::vector<std::int64_t> shown(const Clip& clip, std::int64_t count) {
  const Tensor frames = fitted_frames(clip, count, {32, 32});
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < count; ++i) indices.push_back(frames[i][16][16][0].item<std::int64_t>() / 4);
  return indices;
}

}  // namespace

TEST_CASE("nava clip: pictures are put on 24 a second, cut, or the last one repeated") {
  CHECK(shown(counting(20, 24), 5) == std::vector<std::int64_t>{0, 1, 2, 3, 4});
  CHECK(shown(counting(3, 24), 5) == std::vector<std::int64_t>{0, 1, 2, 2, 2});
  CHECK(shown(counting(10, 12), 5) == std::vector<std::int64_t>{0, 0, 1, 1, 2});
  CHECK(shown(counting(40, 48), 5) == std::vector<std::int64_t>{0, 2, 4, 6, 8});
  CHECK(shown(counting(4, 48), 5) == std::vector<std::int64_t>{0, 2, 2, 2, 2});
  CHECK(frames_at_24(counting(60, 30)) == 48);
}

TEST_CASE("nava clip: pictures are scaled to cover the size, and the middle is kept") {
  Clip clip = counting(1, 24, 64, 192);
  clip.frames.zero_();
  clip.frames.narrow(2, 64, 64).fill_(200);  // the middle third
  const Tensor frames = fitted_frames(clip, 1, {32, 32});
  CHECK(frames.sizes() == at::IntArrayRef({1, 32, 32, 3}));
  CHECK(frames[0][16][16][0].item<std::int64_t>() == 200);
  CHECK(frames[0][16][1][0].item<std::int64_t>() > 150);
  // Turned by a quarter, the same.
  clip.frames = clip.frames.transpose(1, 2).contiguous();
  CHECK(at::equal(fitted_frames(clip, 1, {32, 32}), frames.transpose(1, 2)));
}

TEST_CASE("nava clip: a picture that is a line is cut before it is scaled") {
  // Scaled first, the first would become a picture of 608 x 9961472 pixels: 73 GB.
  for (const Shape& shape : {Shape{1, 1, 16384, 3}, Shape{1, 16384, 1, 3}}) {
    Clip clip;
    clip.frames = at::full(shape, 7, at::kByte);
    const Tensor frames = fitted_frames(clip, 1, {608, 1536});
    CHECK(frames.sizes() == at::IntArrayRef({1, 608, 1536, 3}));
    CHECK(frames.eq(7).all().item<bool>());
  }
}

TEST_CASE("nava clip: sound in whole tokens") {
  const Tensor sound = fitted_sound(at::ones({2, 1000}), 2);
  CHECK(sound.sizes() == at::IntArrayRef({2, 1280}));
  CHECK(sound.sum().item<double>() == 2000);
  CHECK(fitted_sound(at::ones({1, 3000}), 2).size(1) == 1280);
  Clip clip;
  clip.waveform = at::sin(at::arange(48000) * (2 * M_PI * 440 / 48000)).unsqueeze(0);
  clip.sample_rate = 48000;
  const Tensor narrow = sound_at_16k(clip);
  CHECK(narrow.size(1) == 16000);
  test::expect_close(narrow.narrow(1, 100, 15000),
                     at::sin(at::arange(100, 15100) * (2 * M_PI * 440 / 16000)).unsqueeze(0), 1e-2);
  clip.waveform[0][5] = std::nan("");
  CHECK_THROWS_AS(sound_at_16k(clip), InvalidRequest);
}

TEST_CASE("nava clip: its file says what it was made of") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("clip.safetensors");
  CHECK_FALSE(holds_encoded_clip(path, "a"));
  const nava::NavaConfig backbone = small_backbone();
  const EncodedClip clip = encoded();
  save_encoded_clip(path, clip, "a");
  CHECK(holds_encoded_clip(path, "a"));
  CHECK_FALSE(holds_encoded_clip(path, "b"));
  const EncodedClip read = open_encoded_clip(path, backbone);
  CHECK_FALSE(read.video.defined());
  CHECK(at::equal(read.audio, clip.audio));
  write_file_atomically(path, read_file(path).substr(0, 100));
  CHECK_FALSE(holds_encoded_clip(path, "a"));
}

TEST_CASE("nava clip: a file whose tensors do not fit the backbone is named") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("clip.safetensors");
  const auto refuses = [&](const EncodedClip& clip, const std::string& text) {
    CAPTURE(text);
    save_encoded_clip(path, clip, "a");
    CHECK_THROWS_WITH_AS(open_encoded_clip(path, small_backbone()), doctest::Contains(path.c_str()), CheckpointError);
    CHECK_THROWS_WITH_AS(open_encoded_clip(path, small_backbone()), doctest::Contains(text.c_str()), CheckpointError);
  };
  EncodedClip clip = encoded();
  clip.video = at::zeros({47, 3, 2, 2}, at::kBFloat16);
  refuses(clip, "\"video\" is BFloat16 [47, 3, 2, 2], expected BFloat16 [48, *, *, *]");
  clip = encoded();
  clip.audio = clip.audio.to(at::kFloat);
  refuses(clip, "\"audio\" is Float [128, 9]");
  clip = encoded();
  clip.rows = clip.rows.flatten();
  refuses(clip, "\"rows\" is BFloat16 [12]");
  clip = encoded();
  clip.positions = clip.positions.to(at::kFloat);
  refuses(clip, "\"positions\" is Float");
  clip = encoded();
  clip.voices = at::zeros({1, 5});
  refuses(clip, "expected Float [1, 6]");
  clip = encoded();
  clip.positions = at::full({1}, 3, at::kLong);  // behind the last row
  refuses(clip, "voices beyond them");
  clip = encoded();
  clip.rows = at::zeros({11, 4}, at::kBFloat16);
  refuses(clip, "has 11 text rows");
}

TEST_CASE("nava clip: fingerprints tell files apart") {
  const test::TemporaryFolder folder;
  const auto of = [&](const std::string& content) {
    write_file_atomically(folder.file("f"), content);
    return sampled_fingerprint(folder.file("f"));
  };
  std::string large(3000000, 'a');
  const std::string first = of(large);
  CHECK(of(large) == first);
  large.back() = 'b';
  CHECK(of(large) != first);
  CHECK(of("a") != of("b"));
  CHECK(of("a") != of("aa"));
}
