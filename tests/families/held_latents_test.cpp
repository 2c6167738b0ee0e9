// Models in their publishers' layouts that keep parts of a given film: what is held, and that the rest listens to it.
#include "phonofilm/families/held_latents.h"

#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/tiny_folders.h"

using namespace phonofilm;
using namespace phonofilm::test;
using diffusion::JointLatent;
using diffusion::LatentSpan;
using families::ClipSpec;

namespace {

// 9 pictures, three latent frames, of 64 x 96.
ClipSpec tiny_spec(const families::Generator& model) {
  families::ClipRequest request{.seconds = 9.0 / 24, .height = 64, .width = 96};
  request.exact_size = true;
  return model.clip_spec(request);
}

Clip random_clip(const families::Generator& model, const ClipSpec& spec, std::uint64_t seed) {
  const at::Generator g = make_generator(seed);
  const std::int64_t rate = spec.sample_rate > 0 ? spec.sample_rate : model.info().sample_rate;
  return {(rand_uniform({spec.frames, spec.height, spec.width, 3}, g) * 255).to(at::kByte), 24,
          0.2 * randn({model.info().channels, spec.samples}, g), rate};
}

JointLatent noise_of(const families::Generator& model, const ClipSpec& spec) {
  const auto shape = model.latent_shape(spec);
  const at::Generator g = make_generator(3);
  return {randn(shape.video, g), randn(shape.audio, g)};
}

JointLatent velocity_of(const families::Generator& model, const ClipSpec& spec, const families::KeptFilm& kept) {
  const at::NoGradGuard no_grad;
  const auto conditioning = model.encode({.text = "A cat", .kept = kept}, spec, {});
  JointLatent latent = noise_of(model, spec);
  conditioning->clean.impose_on(latent);
  return model.velocity(*conditioning, model.info().sampling, {})(latent, 0.8);
}

void expect_keeping(const families::Generator& model) {
  const ClipSpec spec = tiny_spec(model);
  const Clip clip = random_clip(model, spec, 1), other = random_clip(model, spec, 2);
  CHECK(model.info().keeps_films);
  const JointLatent given = model.encode_clip(clip, {});
  const auto conditioning = model.encode({.text = "A cat", .kept = {clip, {{0, 5.0 / 24}}, {{0, 10}}}}, spec, {});
  JointLatent latent = noise_of(model, spec);
  const JointLatent before{latent.video.clone(), latent.audio.clone()};
  conditioning->clean.impose_on(latent);
  expect_close(latent.video.narrow(2, 0, 2), given.video.narrow(2, 0, 2), 1e-6, "kept pictures");
  CHECK(at::equal(latent.video.narrow(2, 2, 1), before.video.narrow(2, 2, 1)));
  expect_close(latent.audio, given.audio, 1e-6, "kept sound");
  CHECK(relative_error(velocity_of(model, spec, {clip, {}, {{0, 10}}}).video,
                       velocity_of(model, spec, {other, {}, {{0, 10}}}).video) > 1e-6);
  CHECK(relative_error(velocity_of(model, spec, {clip, {{0, 10}}, {}}).audio,
                       velocity_of(model, spec, {other, {{0, 10}}, {}}).audio) > 1e-6);
}

}  // namespace

TEST_CASE("held latents: ovi keeps parts of a given film") { expect_keeping(*OviFolder().load()); }

TEST_CASE("held latents: nava keeps parts of a given film") { expect_keeping(*NavaFolder().load()); }

TEST_CASE("held latents: a first picture stands before what else is kept, and takes the place of one that is kept") {
  const auto encode = [](const Clip& clip) {
    CHECK_FALSE(clip.has_audio());
    return JointLatent{at::ones({1, 2, 3, 1, 1}), {}};
  };
  const families::LatentClock clock{.frames = 3, .frame_patch = 4, .fps = 24, .steps = 4, .step_seconds = 0.1};
  const Clip clip{at::zeros({9, 2, 2, 3}, at::kByte), 24, at::zeros({1, 6000}), 16000};
  for (const double begin : {0.0, 5.0 / 24}) {
    auto latents = families::hold_film({clip, {{begin, 1}}, {}}, clock, encode);
    families::hold_first_frame(at::full({1, 2, 1, 1, 1}, 5.0), {1, 2, 3, 1, 1}, latents);
    const std::vector<LatentSpan> one{{0, 3}}, two{{0, 1}, {2, 1}};
    CHECK((latents.held.video == (begin == 0 ? one : two)));
    CHECK(latents.given.video[0][0].flatten().eq(at::tensor({5.0, 1.0, 1.0})).all().item<bool>());
  }
  families::HeldLatents alone;
  families::hold_first_frame(at::full({1, 2, 1, 1, 1}, 5.0), {1, 2, 3, 1, 1}, alone);
  CHECK(alone.held == diffusion::first_frames(1));
  CHECK_FALSE(families::hold_film({}, clock, encode).held.any());
}
