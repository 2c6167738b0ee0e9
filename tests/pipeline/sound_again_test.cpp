// Films whose sound is made a second time, under the picture as it has become.
#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/families/held_latents.h"
#include "phonofilm/pipeline/long_film.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "pipeline/tiny_films.h"

using namespace phonofilm;
using pipeline::GenerateOptions;
using pipeline::GenerateRequest;
using pipeline::SavedLatent;
using test::tiny_request;

namespace {

GenerateRequest again_request(std::int64_t steps = 2) {
  GenerateRequest r = tiny_request();
  r.sound_steps = steps;
  r.sound_shift = 2;
  return r;
}

diffusion::JointLatent latents_of(const families::Generator& model, const GenerateRequest& r) {
  SavedLatent kept;
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { kept = latent; };
  pipeline::generate(model, r, {}, options);
  return kept.latent;
}

// What a model makes of noise for the sound while it holds a picture.
Tensor sound_under(const families::Generator& model, const Tensor& picture, const Tensor& noise, std::int64_t steps) {
  const nn::RunContext run;
  const auto conditioning = model.encode({.text = tiny_request().prompt}, model.clip_spec({}), run);
  families::hold_picture(picture, conditioning->clean);
  families::Sampling sampling = model.info().sampling;
  sampling.steps = steps, sampling.shift = 2;
  const auto solver = diffusion::make_solver(sampling.solver);
  const auto hold = [&](diffusion::JointLatent& latent) { conditioning->clean.impose_on(latent); };
  const auto velocity = model.velocity(*conditioning, sampling, run);
  return diffusion::sample(velocity, {picture, noise}, model.sigmas(sampling), *solver, hold, nullptr).audio;
}

}  // namespace

TEST_CASE("sound again: the picture stays what it was, and the sound is made of new noise under it") {
  const test::OpenModel model;
  const diffusion::JointLatent once = latents_of(*model.generator, tiny_request()),
                               twice = latents_of(*model.generator, again_request());
  CHECK(at::equal(twice.video, once.video));
  CHECK(!at::equal(twice.audio, once.audio));
  const Tensor noise = randn(once.audio.sizes().vec(), make_generator(mix_seed(5, "sound")));
  CHECK(at::equal(twice.audio, sound_under(*model.generator, once.video, noise, 2)));
  CHECK(!at::equal(twice.audio, sound_under(*model.generator, once.video + 1, noise, 2)));  // it follows the picture
  GenerateRequest more = again_request(3);
  CHECK(!at::equal(latents_of(*model.generator, more).audio, twice.audio));
  more.sound_steps = 2, more.sound_shift = 1;
  CHECK(!at::equal(latents_of(*model.generator, more).audio, twice.audio));
}

TEST_CASE("sound again: a film that was saved after any step ends as the one that was never interrupted") {
  const test::OpenModel model;
  const test::TemporaryFolder folder;
  for (const char* solver : {"euler", "unipc"}) {
    GenerateRequest r = again_request(3);
    r.solver = solver;
    std::vector<std::string> files;
    GenerateOptions saving;
    saving.on_step = [&](const pipeline::StepView& view) {
      CHECK(view.steps == 6);
      files.push_back(folder.file(concat(solver, view.done)));
      const SavedLatent saved = view.saved();
      if (view.done > 3) CHECK(at::equal(view.estimate().video, saved.latent.video));  // it is what it will be
      pipeline::save_latent(files.back(), saved);
    };
    const Clip whole = pipeline::generate(*model.generator, r, {}, saving).clip;
    REQUIRE(files.size() == 5);
    for (const std::string& file : files) {
      CAPTURE(file);
      const SavedLatent saved = pipeline::load_latent(file);
      CHECK(!saved.finished());
      CHECK(test::same_film(test::gone_on(*model.generator, saved), whole));
    }
  }
}

TEST_CASE("sound again: a film that is finished is only decoded, and progress counts both parts") {
  const test::OpenModel model;
  SavedLatent kept;
  std::vector<std::int64_t> done;
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { kept = latent; };
  options.observer = [&](const ProgressEvent& event) {
    if (event.stage != "denoise") return true;
    CHECK(event.total == 5);
    done.push_back(event.done);
    return true;
  };
  const Clip film = pipeline::generate(*model.generator, again_request(), {}, options).clip;
  CHECK(done == std::vector<std::int64_t>{1, 2, 3, 4, 5});
  CHECK(kept.finished());
  CHECK(kept.film_steps() == 5);
  done.clear();
  options.resume = &kept;
  CHECK(at::equal(pipeline::generate(*model.generator, kept.request, {}, options).clip.waveform, film.waveform));
  CHECK(done.empty());
  SavedLatent beyond = kept;
  beyond.steps_done = 6;
  options.resume = &beyond;
  CHECK_THROWS_WITH_AS(pipeline::generate(*model.generator, kept.request, {}, options), doctest::Contains("at step 6"),
                       InvalidRequest);
}

TEST_CASE("sound again: the model's default holds for films of both, and a film of one modality has none") {
  families::ModelInfo info;
  info.sampling.sound_steps = 7, info.sampling.sound_shift = 1.5;
  GenerateRequest r = tiny_request();
  CHECK(pipeline::resolve(r, info).sound_steps == 7);
  CHECK(pipeline::resolve(r, info).sound_shift == 1.5);
  CHECK(pipeline::resolve(r, info).all_steps() == info.sampling.steps + 7);
  r.sound_steps = 0;
  CHECK(pipeline::resolve(r, info).sound_steps == 0);
  r.sound_steps = 4, r.video = false;
  CHECK(pipeline::resolve(r, info).sound_steps == 0);
  r.video = true, r.audio = false;
  CHECK(pipeline::resolve(r, info).sound_steps == 0);
  r.audio = true, r.sound_steps = -2;
  CHECK_THROWS_AS(pipeline::resolve(r, info), InvalidRequest);
  const test::TinyModel model;
  GenerateRequest sound = again_request();
  sound.video = false;
  const auto notices = pipeline::generate(*model.generator, sound, {}, {}).notices;
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].starts_with("further steps for the sound have no effect"));
}

TEST_CASE("sound again: in a film of segments every segment has it, and the film is resumed within one") {
  const test::OpenModel model;
  GenerateRequest r = again_request();
  r.seconds = 1.8;
  std::vector<SavedLatent> saved;
  GenerateOptions saving;
  saving.on_step = [&](const pipeline::StepView& view) { saved.push_back(view.saved()); };
  const pipeline::Generated film = pipeline::generate_film(*model.generator, r, {}, saving);
  const auto segments = std::int64_t(film.joints.size()) + 1;
  REQUIRE(segments > 1);
  REQUIRE(saved.size() == size_t(segments * 4));
  const SavedLatent& late = saved.back();  // in the sound of the last segment
  CHECK(late.film_steps() == segments * 5);
  CHECK(late.film_steps_done() == segments * 5 - 1);
  GenerateOptions resumed;
  resumed.resume = &late;
  CHECK(at::equal(pipeline::generate_film(*model.generator, r, {}, resumed).clip.waveform, film.clip.waveform));
}
