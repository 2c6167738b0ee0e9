// The embedded model behind the generator's door.
#include <doctest/doctest.h>

#include "phonofilm/families/registry.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::test;

TEST_CASE("small model: a film of picture or sound alone is pulled by its text as far as one of both") {
  const auto model = families::load_generator(PHONOFILM_SOURCE_DIR "/models/mini", at::kFloat);
  const families::Sampling own = model->info().sampling;
  REQUIRE(own.guidance.use_align);
  families::Sampling classic = own;
  classic.guidance.use_align = false;
  families::Sampling stronger = classic;
  stronger.guidance.text = {own.guidance.text.video + 1, own.guidance.text.audio + 1};
  for (const bool sound : {false, true}) {
    const families::ClipSpec spec = model->clip_spec({.video = !sound, .audio = sound});
    const auto shape = model->latent_shape(spec);
    const auto conditioning = model->encode({.text = "a red glass ball bounces twice"}, spec, {});
    const Tensor noise = randn(sound ? shape.audio : shape.video, make_generator(1));
    const diffusion::JointLatent latent = sound ? diffusion::JointLatent{{}, noise} : diffusion::JointLatent{noise, {}};
    const auto velocity = [&](const families::Sampling& sampling) {
      const diffusion::JointLatent v = model->velocity(*conditioning, sampling, {})(latent, 0.9);
      return sound ? v.audio : v.video;
    };
    expect_close(velocity(own), velocity(stronger), 1e-6);
    CHECK(relative_error(velocity(own), velocity(classic)) > 1e-3);
    CHECK(model->plan(spec, own, /*voices=*/false).passes == 2);
  }
}

// With these scales the guided velocity is the align pass itself.
TEST_CASE("small model: alignment guidance leaves voices alone") {
  const auto model = families::load_generator(PHONOFILM_SOURCE_DIR "/models/mini", at::kFloat);
  families::Sampling sampling = model->info().sampling;
  sampling.guidance.text = {0, 0}, sampling.guidance.align = {-1, -1}, sampling.guidance.timbre = 0;
  const families::ClipSpec spec = model->clip_spec({});
  const auto shape = model->latent_shape(spec);
  const diffusion::JointLatent latent{randn(shape.video, make_generator(1)), randn(shape.audio, make_generator(2))};
  const auto aligned_with = [&](double hertz) {
    const Tensor time = at::arange(3 * families::kVoiceRate, at::kFloat) / families::kVoiceRate;
    const Tensor voice = (0.3 * at::sin(2 * M_PI * hertz * time)).unsqueeze(0);
    const auto conditioning = model->encode({.text = "a woman says <S>hello<E>", .voices = {voice}}, spec, {});
    return model->velocity(*conditioning, sampling, {})(latent, 0.9).audio;
  };
  CHECK(relative_error(aligned_with(100), aligned_with(250)) > 1e-3);
}
