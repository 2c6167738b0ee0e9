// Films that are saved, gone on with and decoded later.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "pipeline/tiny_films.h"

using namespace phonofilm;
using pipeline::GenerateOptions;
using pipeline::GenerateRequest;
using pipeline::SavedLatent;
using test::make;
using test::tiny_request;
using test::TinyModel;

TEST_CASE("a cancelled film keeps its latents, and goes on to the very film it would have been") {
  const TinyModel model;
  const test::TemporaryFolder folder;
  GenerateRequest r = tiny_request();
  r.steps = 6;
  const Clip straight = make(*model.generator, r);
  const std::string path = folder.file("film.latents.safetensors");
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { pipeline::save_latent(path, latent); };
  options.observer = [](const ProgressEvent& event) { return event.done < 4; };
  CHECK_THROWS_AS(pipeline::generate(*model.generator, r, {}, options), Cancelled);
  const SavedLatent saved = pipeline::load_latent(path);
  CHECK(saved.steps_done == 4);
  CHECK(saved.request.prompt == r.prompt);
  CHECK(test::same_film(test::gone_on(*model.generator, saved), straight));
}

TEST_CASE("saved latents are decoded without their prompt, finished or not, and only by a model of their shape") {
  const TinyModel model;
  std::vector<SavedLatent> kept;
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { kept.push_back(latent); };
  const Clip straight = pipeline::generate(*model.generator, tiny_request(), {}, options).clip;
  REQUIRE(kept.size() == 1);
  CHECK(at::equal(pipeline::decode(*model.generator, kept[0], {}).clip.frames, straight.frames));
  SavedLatent noise = kept[0];
  noise.latent = noise.noise;
  CHECK(!at::equal(pipeline::decode(*model.generator, noise, {}).clip.waveform, straight.waveform));
  SavedLatent other = kept[0];
  other.latent.video = at::zeros({1, 5, 3, 1, 1});
  CHECK_THROWS_WITH_AS(pipeline::decode(*model.generator, other, {}), doctest::Contains("another film"),
                       InvalidRequest);
  GenerateOptions resumed;
  resumed.resume = &other;
  CHECK_THROWS_WITH_AS(pipeline::generate(*model.generator, other.request, {}, resumed),
                       doctest::Contains("another film"), InvalidRequest);
  SavedLatent foreign = kept[0];
  foreign.model = "ovi 720x720_5s";
  CHECK_THROWS_WITH_AS(pipeline::decode(*model.generator, foreign, {}), doctest::Contains("made by 'ovi 720x720_5s'"),
                       InvalidRequest);
}

TEST_CASE("a first frame is kept with the latents, so that a film with one goes on to what it would have been") {
  const TinyModel model;
  const test::TemporaryFolder folder;
  const std::string path = folder.file("film.latents.safetensors");
  const Tensor image = at::arange(32 * 32 * 3, at::kLong).remainder(251).to(at::kByte).reshape({32, 32, 3});
  GenerateRequest r = tiny_request();
  r.steps = 6;
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { pipeline::save_latent(path, latent); };
  options.observer = [](const ProgressEvent& event) { return event.done < 3; };
  CHECK_THROWS_AS(pipeline::generate(*model.generator, r, {image}, options), Cancelled);
  const SavedLatent saved = pipeline::load_latent(path);
  REQUIRE(saved.given.image.defined());
  CHECK(at::equal(saved.given.image, image));
  GenerateOptions resumed;
  resumed.resume = &saved;
  const Clip finished = pipeline::generate(*model.generator, saved.request, saved.given, resumed).clip;
  CHECK(at::equal(finished.frames, make(*model.generator, r, image).frames));
}

TEST_CASE("reference voices are kept with the latents; a model without voices refuses them") {
  const TinyModel model;
  const test::TemporaryFolder folder;
  const std::string path = folder.file("voices.latents.safetensors");
  SavedLatent saved;
  saved.request = tiny_request("<S>one<E> <S>two<E> <S>three<E>");
  saved.spec = model.generator->clip_spec({});
  saved.latent = saved.noise = {at::zeros({1, 2, 2, 2, 2}), at::zeros({1, 2, 2})};
  saved.given.voices = {at::full({2, 100}, 0.5), Tensor(), at::full({1, 50}, 0.25)};
  pipeline::save_latent(path, saved);
  CHECK(pipeline::same(pipeline::load_latent(path).given, saved.given));
  pipeline::Given other = saved.given;
  other.voices[1] = other.voices[2];
  CHECK_FALSE(pipeline::same(other, saved.given));
  other.voices.pop_back();
  CHECK_FALSE(pipeline::same(other, saved.given));
  CHECK_THROWS_WITH_AS(pipeline::generate(*model.generator, saved.request, saved.given, {}),
                       doctest::Contains("no reference voices"), InvalidRequest);
  GenerateRequest r = tiny_request();
  r.timbre_guidance = 2;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("no reference voices"), InvalidRequest);
}

TEST_CASE("files that frame and voices came from are kept by name, and names alone make no other film") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("names.latents.safetensors");
  SavedLatent saved;
  saved.request = tiny_request();
  saved.latent = saved.noise = {{}, at::zeros({1, 2, 2})};
  saved.spec.samples = 9;
  saved.spec.sample_rate = 16000;
  saved.given.voices = {at::full({2, 100}, 0.5), Tensor()};
  saved.given.voice_names = {"anna.wav", ""};
  saved.given.image_name = "fr\xe9" "d.png";  // not UTF-8, as names of files may be
  pipeline::save_latent(path, saved);
  const SavedLatent loaded = pipeline::load_latent(path);
  CHECK(loaded.given.voice_names == saved.given.voice_names);
  CHECK(loaded.given.image_name.ends_with("d.png"));
  CHECK(loaded.spec.sample_rate == 16000);
  CHECK(pipeline::same(loaded.given, saved.given));
  saved.given.voice_names = {"anna.wav"};
  pipeline::save_latent(path, saved);
  CHECK_THROWS_WITH_AS(pipeline::load_latent(path), doctest::Contains("names 1 voices and holds 2"), CheckpointError);
}

TEST_CASE("latents of an earlier version, which knew fewer settings, are of the same film") {
  const TinyModel model;
  const test::TemporaryFolder folder;
  const std::string path = folder.file("old.latents.safetensors");
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { pipeline::save_latent(path, latent); };
  pipeline::generate(*model.generator, tiny_request(), {}, options);
  const auto file = weights::SafetensorsFile::open(path);
  weights::Metadata metadata = file.metadata();
  auto settings = nlohmann::json::parse(metadata.at("request")),
       progress = nlohmann::json::parse(metadata.at("progress"));
  for (const char* key : {"sample_rate", "latent_frames", "align_guidance", "timbre_guidance", "sound_steps"})
    REQUIRE(settings.erase(key) == 1);
  REQUIRE(progress.erase("sample_rate") == 1);
  metadata["request"] = settings.dump();
  metadata["progress"] = progress.dump();
  metadata.erase("given");
  weights::TensorMap tensors;
  for (const auto& [name, tensor] : file.tensors()) tensors[name] = tensor.clone();
  weights::save_safetensors(path, tensors, metadata);
  const SavedLatent old = pipeline::load_latent(path);
  CHECK(old.request.sound_steps == 0);  // whatever the model's default is today
  const families::ModelInfo& info = model.generator->info();
  CHECK_FALSE(old.request == pipeline::resolve(tiny_request(), info));
  CHECK(pipeline::resolve(old.request, info) == pipeline::resolve(tiny_request(), info));
  CHECK_NOTHROW(pipeline::decode(*model.generator, old, {}));
}

TEST_CASE("a film that was saved after any step ends as the one that was never interrupted") {
  const TinyModel model;
  const test::TemporaryFolder folder;
  for (const char* solver : {"euler", "unipc", "dpmpp", "dpmpp_sde"}) {
    GenerateRequest r = tiny_request();
    r.solver = solver, r.steps = 5;
    GenerateOptions saving;
    std::vector<std::string> files;
    saving.on_step = [&](const pipeline::StepView& view) {
      CHECK(view.steps == 5);
      CHECK(view.estimate().video.sizes() == view.saved().latent.video.sizes());
      files.push_back(folder.file(concat(solver, view.done)));
      pipeline::save_latent(files.back(), view.saved());
    };
    const Clip whole = pipeline::generate(*model.generator, r, {}, saving).clip;
    CHECK(files.size() == 4);  // after the last step there is nothing to go on with
    for (const std::string& file : files) {
      CAPTURE(file);
      CHECK(test::same_film(test::gone_on(*model.generator, pipeline::load_latent(file)), whole));
    }
    SavedLatent foreign = pipeline::load_latent(files[2]);
    foreign.solver["of another rule"] = foreign.latent;
    GenerateOptions resumed;
    resumed.resume = &foreign;
    CHECK_THROWS_AS(pipeline::generate(*model.generator, foreign.request, {}, resumed), InvalidRequest);
  }
}
