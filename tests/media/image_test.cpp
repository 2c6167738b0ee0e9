// Still pictures: reading, fitting, writing.
#include "phonofilm/media/image.h"

#include <sys/stat.h>

#include "media_helpers.h"
#include "phonofilm/base/error.h"
#include "phonofilm/media/film.h"
#include "png_builder.h"

using namespace phonofilm;
using namespace phonofilm::media;
using namespace phonofilm::test;

namespace {

Tensor gradient(std::int64_t height, std::int64_t width) {
  const Tensor rows = at::arange(height, at::kFloat).unsqueeze(1).expand({height, width}) * (255.0 / double(height));
  const Tensor columns = at::arange(width, at::kFloat).unsqueeze(0).expand({height, width}) * (255.0 / double(width));
  return at::stack({rows, columns, 255 - rows}, 2).to(at::kByte);
}

double mean_difference(const Tensor& one, const Tensor& other) {
  return (one.to(at::kFloat) - other.to(at::kFloat)).abs().mean().item<double>();
}

// An EXIF segment that holds nothing but an orientation.
std::string exif_segment(char orientation) {
  using namespace std::string_literals;
  const std::string tiff = "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"s + orientation + "\0\0\0\0\0\0"s;
  const std::string body = "Exif\0\0"s + tiff;
  return "\xff\xe1\0"s + char(body.size() + 2) + body;
}

}  // namespace

TEST_CASE("png keeps every pixel, jpeg keeps the picture") {
  TemporaryFolder folder;
  for (const auto& [height, width] : {std::pair{40, 60}, {1, 1}, {7, 33}}) {
    const Tensor image = gradient(height, width);
    write_png(folder.file("a.png"), image);
    CHECK(at::equal(read_image(folder.file("a.png")), image));
    CAPTURE(height);
    for (const int quality : {60, 95}) {
      CAPTURE(quality);
      write_jpeg(folder.file("a.jpg"), image, quality);
      const Tensor back = read_image(folder.file("a.jpg"));
      REQUIRE(back.sizes() == image.sizes());
      // Below 90 chroma is halved, which a gradient of a few steep rows does not survive.
      CHECK(mean_difference(back, image) < (quality > 90 ? 3 : height >= 40 ? 8 : 16));
    }
  }
}

TEST_CASE("the content decides, not the name") {
  TemporaryFolder folder;
  const Tensor image = gradient(20, 30);
  write_png(folder.file("picture.jpg"), image);
  CHECK(at::equal(read_image(folder.file("picture.jpg")), image));
  write_png(folder.file("frame%03d:*.png"), image);
  CHECK(at::equal(read_image(folder.file("frame%03d:*.png")), image));
}

TEST_CASE("the first frame of a film") {
  TemporaryFolder folder;
  const Clip clip = flash_beep_clip(32, 48, 24, 16000, 1, 0.5);
  write_film(folder.file("clip.mp4"), clip);
  CHECK(mean_difference(read_image(folder.file("clip.mp4")), clip.frames[0]) < 2);
}

TEST_CASE("alpha is composited over white") {
  TemporaryFolder folder;
  const std::string pixels = {char(255), 0, 0, char(255), 0, 0, char(255), char(128), 0, 0, 0, 0};  // RGBA, 3 pixels
  write_bytes(folder.file("alpha.png"), build_png(3, 1, 6, pixels));
  const Tensor image = read_image(folder.file("alpha.png"));
  CHECK(at::equal(image, at::tensor({255, 0, 0, 127, 127, 255, 255, 255, 255}).to(at::kByte).view({1, 3, 3})));
}

TEST_CASE("EXIF orientation is honoured") {
  TemporaryFolder folder;
  const Tensor image = gradient(24, 40);
  write_jpeg(folder.file("plain.jpg"), image, 98);
  const std::string bytes = read_bytes(folder.file("plain.jpg"));
  const auto turned = [&](char orientation) {
    write_bytes(folder.file("turned.jpg"), bytes.substr(0, 2) + exif_segment(orientation) + bytes.substr(2));
    return read_image(folder.file("turned.jpg"));
  };
  const std::pair<char, Tensor> expected[] = {{1, image},
                                              {2, image.flip({1})},
                                              {3, image.flip({0, 1})},
                                              {4, image.flip({0})},
                                              {5, image.transpose(0, 1)},
                                              {6, image.transpose(0, 1).flip({1})},
                                              {7, image.transpose(0, 1).flip({0, 1})},
                                              {8, image.transpose(0, 1).flip({0})}};
  for (const auto& [orientation, picture] : expected) {
    CAPTURE(int(orientation));
    const Tensor result = turned(orientation);
    REQUIRE(result.sizes() == picture.sizes());
    CHECK(mean_difference(result, picture) < 4);
  }
}

TEST_CASE("resize_cover fills the target and cuts the centre") {
  const Tensor image = gradient(100, 200);
  CHECK(at::equal(resize_cover(image, 100, 200), image));
  const Tensor square = resize_cover(image, 50, 50);
  REQUIRE(square.sizes() == Shape{50, 50, 3});
  CHECK(mean_difference(square, image.narrow(1, 50, 100).slice(0, 1, 100, 2).slice(1, 1, 100, 2)) < 3);
  CHECK(resize_cover(image, 301, 77).sizes() == Shape{301, 77, 3});
  const Tensor flat = flat_frames(1, 37, 53, 12, 130, 250)[0];
  CHECK(at::equal(resize_cover(flat, 96, 96), flat_frames(1, 96, 96, 12, 130, 250)[0]));
  CHECK(resize_cover(gradient(1, 4000), 64, 64).sizes() == Shape{64, 64, 3});
  CHECK_THROWS_AS(resize_cover(image, 0, 10), InvalidRequest);
  CHECK_THROWS_AS(resize_cover(image.to(at::kFloat), 10, 10), ShapeError);
}

TEST_CASE("a named pipe in the place of a picture does not hang the program") {
  TemporaryFolder folder;
  REQUIRE(mkfifo(folder.file("pipe.png").c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(read_image(folder.file("pipe.png")), doctest::Contains("not a regular file"), MediaError);
}

TEST_CASE("size limits hold before decoding") {
  TemporaryFolder folder;
  write_bytes(folder.file("bomb.png"), build_png(100'000, 100'000, 2, ""));
  const std::string message = message_of<MediaError>([&] { read_image(folder.file("bomb.png")); });
  CHECK(message.find("100000x100000") != std::string::npos);
  CHECK(message.find("scale") != std::string::npos);
  write_png(folder.file("small.png"), gradient(40, 60));
  ImageLimits limits;
  limits.max_pixels = 2000;
  CHECK_THROWS_AS(read_image(folder.file("small.png"), limits), MediaError);
  limits = {};
  limits.max_file_bytes = 20;
  CHECK_THROWS_AS(read_image(folder.file("small.png"), limits), MediaError);
  write_film(folder.file("clip.mp4"), flash_beep_clip(32, 48, 24, 16000, 1, 0.25));
  limits = {};
  limits.max_side = 40;
  CHECK_THROWS_AS(read_image(folder.file("clip.mp4"), limits), MediaError);
}

TEST_CASE("wrong requests for writing") {
  TemporaryFolder folder;
  CHECK_THROWS_AS(write_png(folder.file("a.png"), at::zeros({4, 4, 3})), ShapeError);
  CHECK_THROWS_AS(write_png(folder.file("a.png"), at::zeros({4, 4}, at::kByte)), ShapeError);
  CHECK_THROWS_AS(write_png(folder.file("a.png"), at::zeros({0, 4, 3}, at::kByte)), ShapeError);
  CHECK_THROWS_AS(write_jpeg(folder.file("a.jpg"), gradient(4, 4), 0), InvalidRequest);
  CHECK_THROWS_AS(write_png(folder.file("none/a.png"), gradient(4, 4)), ResourceError);
}
