// What is given of a latent: spans, masks, and how they are put in place.
#include "phonofilm/diffusion/held.h"

#include <doctest/doctest.h>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

using namespace phonofilm;
using namespace phonofilm::diffusion;

TEST_CASE("spans become a mask and come back") {
  const std::vector<LatentSpan> spans{{0, 1}, {3, 2}};
  const Tensor mask = held_mask(spans, 6);
  CHECK(at::equal(mask, at::tensor({1, 0, 0, 1, 1, 0}).to(at::kBool)));
  CHECK((spans_of(mask) == spans));
  CHECK((spans_of(held_mask({{0, 2}, {2, 1}}, 3)) == std::vector<LatentSpan>{{0, 3}}));
  CHECK(spans_of(held_mask({}, 4)).empty());
}

TEST_CASE("spans outside of the latent are refused") {
  for (const LatentSpan span : {LatentSpan{-1, 1}, {0, 0}, {0, 5}, {4, 1}, {3, 2}, {1, INT64_MAX}}) {
    CHECK_THROWS_AS(held_mask({span}, 4), InvalidRequest);
  }
}

TEST_CASE("what is held is overwritten, the rest stays") {
  const JointLatent given{at::ones({1, 2, 4, 2, 2}), {}};
  JointLatent latent{at::zeros({1, 2, 4, 2, 2}), at::zeros({1, 3, 5})};
  impose(given, {{{1, 2}}, {}}, latent);
  CHECK(latent.video.sum({0, 1, 3, 4}).eq(at::tensor({0, 8, 8, 0})).all().item<bool>());
  CHECK(latent.audio.abs().sum().item<double>() == 0);
  CHECK_THROWS_AS(impose(given, {{}, {{0, 1}}}, latent), ShapeError);  // no sound was given
  CHECK((first_frames(0) == Held{}));
  CHECK((first_frames(2).video == std::vector<LatentSpan>{{0, 2}}));
}

TEST_CASE("a modality is given whole by one span over all of it") {
  CHECK(is_whole({{0, 4}}, 4));
  CHECK_FALSE(is_whole({{0, 3}}, 4));
  CHECK_FALSE(is_whole({{1, 3}}, 4));
  CHECK_FALSE(is_whole({}, 4));
}
