// Films that keep parts of a given one, from the request to the finished clip, on a tiny model with random weights.
#include <doctest/doctest.h>

#include "phonofilm/base/error.h"
#include "phonofilm/pipeline/long_film.h"
#include "phonofilm/tensor/ops.h"
#include "pipeline/tiny_model.h"
#include "support/support.h"

using namespace phonofilm;
using pipeline::GenerateOptions;
using pipeline::GenerateRequest;
using pipeline::Given;
using pipeline::SavedLatent;
using test::random_clip;

namespace {

GenerateRequest request() {
  GenerateRequest r;
  r.prompt = "a red ball falls";
  r.seed = 5;
  return r;
}

Given keep(const Clip& clip, std::vector<families::TimeSpan> video, std::vector<families::TimeSpan> audio) {
  return {.kept = {clip, std::move(video), std::move(audio)}};
}

}  // namespace

TEST_CASE("a kept picture comes back bit by bit, and the sound listens to it") {
  const test::OpenModel model;
  const Clip first = random_clip(1), second = random_clip(2);
  std::vector<Tensor> handed;
  GenerateOptions options;
  options.on_frames = [&](const Tensor& frames) { handed.push_back(frames); };
  const Clip made = pipeline::generate(*model.generator, request(), keep(first, {{0, 1}}, {}), options).clip;
  CHECK(at::equal(made.frames, first.frames));
  CHECK(at::equal(at::cat(handed), first.frames));
  const Clip other = pipeline::generate(*model.generator, request(), keep(second, {{0, 1}}, {}), {}).clip;
  CHECK(!at::equal(made.waveform, other.waveform));
}

TEST_CASE("a kept sound comes back bit by bit, and the picture follows it") {
  const test::OpenModel model;
  const Clip first = random_clip(3), second = random_clip(4);
  const auto film = [&](const Clip& clip) {
    return pipeline::generate(*model.generator, request(), keep(clip, {}, {{0, 1}}), {}).clip;
  };
  const Clip made = film(first);
  CHECK(at::equal(made.waveform, first.waveform));
  CHECK(!at::equal(made.frames, film(second).frames));
}

TEST_CASE("the latents of what is kept are those of the given film at the end of denoising") {
  const test::OpenModel model;
  const Clip clip = random_clip(5);
  SavedLatent saved;
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { saved = latent; };
  const double five_pictures = 5.0 / 24;
  pipeline::generate(*model.generator, request(), keep(clip, {{0, five_pictures}}, {{0, 0.1}}), options);
  const diffusion::JointLatent given = model.generator->encode_clip(clip, {});
  CHECK(at::equal(saved.latent.video.narrow(2, 0, 2), given.video.narrow(2, 0, 2)));
  CHECK(at::equal(saved.latent.audio.narrow(2, 0, 3), given.audio.narrow(2, 0, 3)));
  CHECK(!at::equal(saved.latent.video.narrow(2, 2, 1), given.video.narrow(2, 2, 1)));
}

TEST_CASE("what is kept is saved with the latents, so that a stopped film goes on to what it would have been") {
  const test::OpenModel model;
  const Given given = keep(random_clip(6), {{0, 0.1}, {0.3, 0.5}}, {{0.2, 0.5}});
  const Clip straight = pipeline::generate(*model.generator, request(), given, {}).clip;
  const std::string path = model.folder.file("kept.latents.safetensors");
  GenerateOptions options;
  options.observer = [](const ProgressEvent& event) { return event.done < 2; };
  options.keep = [&](const SavedLatent& latent) { pipeline::save_latent(path, latent); };
  CHECK_THROWS_AS(pipeline::generate(*model.generator, request(), given, options), Cancelled);

  const SavedLatent saved = pipeline::load_latent(path);
  CHECK(pipeline::same(saved.given, given));
  CHECK_FALSE(pipeline::same(saved.given, keep(random_clip(7), given.kept.video, given.kept.audio)));
  CHECK_FALSE(pipeline::same(saved.given, keep(random_clip(6), {{0, 0.1}}, given.kept.audio)));
  GenerateOptions resumed;
  resumed.resume = &saved;
  const Clip finished = pipeline::generate(*model.generator, saved.request, saved.given, resumed).clip;
  CHECK(at::equal(finished.frames, straight.frames));
  CHECK(at::equal(finished.waveform, straight.waveform));
}

TEST_CASE("latents between steps hold all that was given, as those at the end do") {
  const test::OpenModel model;
  std::vector<SavedLatent> between;
  SavedLatent end;
  GenerateOptions options;
  options.on_step = [&](const pipeline::StepView& step) { between.push_back(step.saved()); };
  options.keep = [&](const SavedLatent& latent) { end = latent; };
  pipeline::generate_film(*model.generator, request(), keep(random_clip(6), {}, {{0, pipeline::kToTheEnd}}), options);
  CHECK(pipeline::gives_half(end.given));
  REQUIRE_FALSE(between.empty());
  for (const SavedLatent& saved : between) CHECK(pipeline::same(saved.given, end.given));
}

TEST_CASE("a given film of another shape is refused") {
  const test::OpenModel model;
  Clip short_clip = random_clip(8);
  short_clip.frames = short_clip.frames.narrow(0, 0, 5);
  CHECK_THROWS_AS(pipeline::generate(*model.generator, request(), keep(short_clip, {{0, 1}}, {}), {}), ShapeError);
}
