#include "phonofilm/families/ovi/sizes.h"

#include <doctest/doctest.h>

#include "phonofilm/base/error.h"

using namespace phonofilm;
using namespace phonofilm::ovi;

namespace {
constexpr std::int64_t kSmall = 518400, kLarge = 921600;

void expect_size(const PictureSize& actual, std::int64_t height, std::int64_t width) {
  CHECK(actual.height == height);
  CHECK(actual.width == width);
}
}  // namespace

TEST_CASE("ovi: sizes are scaled to the model's area and snapped to 32, half to even") {
  expect_size(snap_to_area({704, 1280}, kSmall), 544, 960);
  expect_size(snap_to_area({704, 1280}, kLarge), 704, 1280);
  expect_size(snap_to_area({1280, 704}, kSmall), 960, 544);
  expect_size(snap_to_area({960, 960}, kSmall), 704, 704);
  expect_size(snap_to_area({720, 720}, kSmall), 704, 704);
  expect_size(snap_to_area({720, 720}, kLarge), 960, 960);
  expect_size(snap_to_area({512, 992}, kSmall), 512, 992);
  expect_size(snap_to_area({512, 992}, kLarge), 704, 1344);
  expect_size(snap_to_area({960, 512}, kSmall), 992, 512);
  expect_size(snap_to_area({960, 512}, kLarge), 1312, 704);
  expect_size(snap_to_area({448, 1120}, kSmall), 448, 1152);
  expect_size(snap_to_area({448, 1120}, kLarge), 608, 1504);
}

TEST_CASE("ovi: a given first frame sets the shape") {
  expect_size(size_for_image({720, 1280}, kSmall), 544, 960);
  expect_size(size_for_image({720, 1280}, kLarge), 704, 1280);
  expect_size(size_for_image({1024, 1024}, kSmall), 704, 704);
  expect_size(size_for_image({1024, 1024}, kLarge), 960, 960);
}

TEST_CASE("ovi: exact sizes only snap; nothing is smaller than a unit") {
  expect_size(snap({256, 300}), 256, 288);
  expect_size(snap({1, 48}), 32, 64);  // 1.5 units round to 2
  CHECK_THROWS_AS(snap({0, 64}), InvalidRequest);
  CHECK_THROWS_AS(size_for_image({64, -1}, kSmall), InvalidRequest);
}
