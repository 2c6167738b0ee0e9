#include "phonofilm/tensor/shape.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;

TEST_CASE("shape: text shows a free axis as a star") {
  CHECK(shape_text(Shape{2, 13, kAny}) == "[2, 13, *]");
  CHECK(shape_text(Shape{}) == "[]");
}

TEST_CASE("shape: a tensor that fits passes") {
  CHECK_NOTHROW(expect_shape(at::zeros({2, 3}, at::kFloat), {2, 3}, "test"));
  CHECK_NOTHROW(expect_shape(at::zeros({2, 3}, at::kFloat), {kAny, 3}, "test"));
  CHECK_NOTHROW(expect_shape(at::zeros({}, at::kFloat), {}, "test"));
}

TEST_CASE("shape: errors name the place, what was expected and what came") {
  CHECK_THROWS_WITH_AS(expect_shape(at::zeros({2, 4}, at::kFloat), {kAny, 3}, "mini_video.decode: latent"),
                       "[shape] mini_video.decode: latent: expected [*, 3], got [2, 4]", ShapeError);
  CHECK_THROWS_AS(expect_shape(at::zeros({3}, at::kFloat), {3, 1}, "test"), ShapeError);
  CHECK_THROWS_WITH_AS(expect_shape(Tensor(), {3}, "test"), doctest::Contains("got no tensor"), ShapeError);
}
