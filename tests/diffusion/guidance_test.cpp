// Identities of guidance; recorded values are in tests/families/nava_sample_test.cpp.
#include "phonofilm/diffusion/guidance.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::diffusion;

namespace {
JointLatent constant(double video, double audio) {
  return {at::full({1, 2, 1, 2, 2}, video), at::full({1, 2, 3}, audio)};
}
double video_of(const JointLatent& x) { return x.video.mean().item<double>(); }
double audio_of(const JointLatent& x) { return x.audio.mean().item<double>(); }
}  // namespace

TEST_CASE("classic guidance: scale 1 is the positive pass, 0 the negative") {
  const GuidancePasses passes{constant(3, 4), constant(1, 2), {}, {}};
  GuidanceScales scales;
  scales.use_align = false;
  scales.text = {1, 0};
  CHECK(video_of(combine(passes, scales)) == doctest::Approx(3));
  CHECK(audio_of(combine(passes, scales)) == doctest::Approx(2));
}

TEST_CASE("factorised guidance adds to the positive pass; timbre leaves the picture alone") {
  const GuidancePasses passes{constant(3, 4), constant(1, 2), constant(2, 1), constant(0, 3)};
  GuidanceScales scales;
  scales.text = {0.5, 0.5};
  scales.align = {2, 3};
  scales.timbre = 4;
  CHECK(video_of(combine(passes, scales)) == doctest::Approx(3 + 0.5 * 2 + 2 * 1));
  CHECK(audio_of(combine(passes, scales)) == doctest::Approx(4 + 0.5 * 2 + 3 * 3));
  scales.use_timbre = true;
  CHECK(video_of(combine(passes, scales)) == doctest::Approx(3 + 0.5 * 2 + 2 * 1));
  CHECK(audio_of(combine(passes, scales)) == doctest::Approx(4 + 0.5 * 2 + 3 * 3 + 4 * 1));
}

TEST_CASE("timbre without align leaves the picture to classic guidance") {
  const GuidancePasses passes{constant(3, 4), constant(1, 2), {}, constant(0, 3)};
  GuidanceScales scales;
  scales.use_align = false;
  scales.use_timbre = true;
  scales.text = {2, 2};
  scales.timbre = 4;
  CHECK(video_of(combine(passes, scales)) == doctest::Approx(1 + 2 * 2));
  CHECK(audio_of(combine(passes, scales)) == doctest::Approx(4 + 2 * 2 + 4 * 1));
}

TEST_CASE("missing passes are refused, missing modalities are not") {
  GuidanceScales scales;
  CHECK_THROWS_AS(combine({constant(1, 1), constant(0, 0), {}, {}}, scales), ShapeError);
  const JointLatent sound{{}, at::ones({1, 2, 3})};
  const JointLatent guided = combine({sound, sound, sound, {}}, scales);
  CHECK_FALSE(guided.has_video());
  CHECK(audio_of(guided) == doctest::Approx(1));
}
