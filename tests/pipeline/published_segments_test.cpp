// Films of models in their publishers' layouts that hold parts of what is given or made: long ones, films that go on,
// moments and sounds that are made again.
#include <doctest/doctest.h>

#include <cmath>

#include "phonofilm/pipeline/long_film.h"
#include "phonofilm/pipeline/segment_given.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/tiny_folders.h"

using namespace phonofilm;
using namespace phonofilm::test;
using pipeline::FilmPlan;
using pipeline::GenerateRequest;
using pipeline::Given;

namespace {

GenerateRequest request(std::int64_t pictures) {
  GenerateRequest r;
  r.prompt = "A cat";
  r.seconds = double(pictures) / 24;
  r.height = 64, r.width = 96;
  r.exact_size = true;
  r.steps = 2, r.skip_layer = 0;
  return r;
}

Clip random_clip(const families::Generator& model, std::int64_t pictures, std::int64_t samples) {
  const at::Generator g = make_generator(1);
  const families::ModelInfo& info = model.info();
  return {(rand_uniform({pictures, 64, 96, 3}, g) * 255).to(at::kByte), 24,
          0.2 * randn({info.channels, samples}, g), info.sample_rate};
}

std::int64_t samples_of(const families::Generator& model, std::int64_t pictures) {
  return std::llround(double(pictures) / 24 * double(model.info().sample_rate));
}

FilmPlan plan_of(const families::Generator& model, const GenerateRequest& r, const Given& given) {
  return pipeline::plan_film(model, pipeline::resolve(r, model.info()), given);
}

std::int64_t longest_pictures(const families::Generator& model) {
  return 4 * std::int64_t(std::floor((model.info().max_seconds * 24 + 1e-6 - 1) / 4)) + 1;
}

// Twelve pictures longer than the model's longest, from a first picture.
void expect_long_film(const families::Generator& model) {
  const std::int64_t pictures = longest_pictures(model) + 12;
  Given given;
  given.image = random_clip(model, 1, 1).frames[0];
  const pipeline::Generated film = pipeline::generate_film(model, request(pictures), given, {});
  CHECK(film.joints.size() == 1);
  CHECK(film.clip.frames.sizes() == at::IntArrayRef({pictures, 64, 96, 3}));
  CHECK(film.clip.waveform.size(1) == film.spec.samples);
  CHECK(film.clip.audio_seconds() == doctest::Approx(double(pictures) / 24).epsilon(0.01));
}

// What the second segment keeps of the first one's sound is there, in whole steps.
void expect_known_sound(const families::Generator& model) {
  const FilmPlan plan = plan_of(model, request(longest_pictures(model) + 12), {});
  REQUIRE(plan.segments.size() == 2);
  const Clip before = random_clip(model, plan.segments[0].frames, plan.specs[0].samples);
  const Given given = pipeline::segment_given(plan, 1, {}, before);
  REQUIRE(given.kept.audio.size() == 1);
  const double end = given.kept.audio[0].last, known = before.audio_seconds() - double(plan.segments[1].first) / 24;
  CHECK(end <= known + 1e-6);
  CHECK(end > std::min(known, double(plan.segments[1].kept) / 24) - plan.step_seconds);
  const double steps = (end - plan.step_begin) / plan.step_seconds;
  CHECK(steps == doctest::Approx(std::round(steps)).epsilon(1e-9));
  const auto shape = model.latent_shape(plan.specs[0]);
  CHECK(plan.step_begin + double(shape.audio[2]) * plan.step_seconds == doctest::Approx(before.audio_seconds()));
}

void expect_going_on(const families::Generator& model) {
  const Clip clip = random_clip(model, 9, samples_of(model, 9));
  Given given{.kept = {clip, {{0, 9.0 / 24}}, {{0, 9.0 / 24}}}};
  const Clip film = pipeline::generate_film(model, request(17), given, {}).clip;
  CHECK(film.frames.size(0) == 17);
  CHECK(at::equal(film.frames.slice(0, 0, 9), clip.frames));
  const std::int64_t kept = clip.waveform.size(1) - std::llround(families::kFadeSeconds * double(clip.sample_rate)) - 1;
  CHECK(at::equal(film.waveform.slice(1, 0, kept), clip.waveform.slice(1, 0, kept)));
}

void expect_retake(const families::Generator& model) {
  const Clip clip = random_clip(model, 17, samples_of(model, 17));
  const std::vector<families::TimeSpan> around{{0, 8.0 / 24}, {10.0 / 24, pipeline::kToTheEnd}};
  Given given{.kept = {clip, around, around}};
  given.retake = true;
  const Clip film = pipeline::generate_film(model, request(17), given, {}).clip;
  REQUIRE(film.frames.sizes() == clip.frames.sizes());
  CHECK(film.waveform.sizes() == clip.waveform.sizes());
  CHECK(at::equal(film.frames.slice(0, 0, 8), clip.frames.slice(0, 0, 8)));
  CHECK(at::equal(film.frames.slice(0, 10), clip.frames.slice(0, 10)));
  CHECK_FALSE(at::equal(film.frames.slice(0, 8, 10), clip.frames.slice(0, 8, 10)));
}

// A first picture sets the film's shape where no size is asked for; later segments do not see it.
void expect_one_size(const families::Generator& model) {
  GenerateRequest r = request(longest_pictures(model) + 12);
  r.height = r.width = 0;
  r.exact_size = false;
  const Given given{.image = at::zeros({360, 640, 3}, at::kByte)};
  const FilmPlan plan = plan_of(model, r, given);
  REQUIRE(plan.segments.size() == 2);
  for (std::size_t k = 0; k < 2; ++k) {
    const Tensor image = pipeline::segment_given(plan, k, given, {}).image;
    const GenerateRequest part = pipeline::segment_request(plan, pipeline::resolve(r, model.info()), k);
    const families::ClipSpec spec = model.clip_spec(pipeline::clip_request(part, image));
    CHECK(image.defined() == (k == 0));
    CHECK(spec.height < spec.width);
    CHECK(spec.height == plan.specs[k].height);
    CHECK(spec.width == plan.specs[k].width);
    CHECK(spec.frames == plan.specs[k].frames);
  }
}

// Under the picture that the joint process made, which keeps its given beginning.
void expect_sound_again(const families::Generator& model) {
  const Given given{.image = random_clip(model, 1, 1).frames[0]};
  GenerateRequest r = request(9);
  const auto film_with = [&](std::int64_t sound_steps) {
    r.sound_steps = sound_steps;
    return pipeline::generate_film(model, r, given, {}).clip;
  };
  const Clip once = film_with(-1), again = film_with(2);
  CHECK(at::equal(once.frames, again.frames));
  CHECK_FALSE(at::equal(once.waveform, again.waveform));
  CHECK(at::equal(film_with(2).waveform, again.waveform));
}

void expect_segments(const families::Generator& model) {
  SUBCASE("a long film") { expect_long_film(model); }
  SUBCASE("known sound") { expect_known_sound(model); }
  SUBCASE("going on") { expect_going_on(model); }
  SUBCASE("a moment made again") { expect_retake(model); }
  SUBCASE("one size") { expect_one_size(model); }
  SUBCASE("sound again") { expect_sound_again(model); }
}

}  // namespace

TEST_CASE("ovi: films in segments, sounds made again") {
  const OviFolder tiny;
  expect_segments(*tiny.load());
}

TEST_CASE("nava: films in segments, sounds made again") {
  const NavaFolder tiny;
  expect_segments(*tiny.load());
}
