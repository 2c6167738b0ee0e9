#include "phonofilm/pipeline/generate.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "pipeline/tiny_model.h"
#include "support/support.h"

using namespace phonofilm;
using pipeline::GenerateOptions;
using pipeline::GenerateRequest;
using pipeline::SavedLatent;
using test::TinyModel;

namespace {

GenerateRequest request(const std::string& prompt = "a red ball falls") {
  GenerateRequest r;
  r.prompt = prompt;
  r.seed = 5;
  return r;
}

Clip make(const families::Generator& model, const GenerateRequest& r, const Tensor& image = {}) {
  return pipeline::generate(model, r, {image}, {}).clip;
}

}  // namespace

TEST_CASE("a sentence becomes a film of the asked shape, the same for the same seed") {
  const TinyModel model;
  const Clip clip = make(*model.generator, request());
  CHECK(clip.frames.sizes() == at::IntArrayRef({9, 32, 32, 3}));  // 4n + 1 frames nearest to 0.4 s
  CHECK(clip.waveform.sizes() == at::IntArrayRef({1, 12 * 512}));
  CHECK(clip.audio_seconds() >= clip.video_seconds());
  const Clip again = make(*model.generator, request());
  CHECK(at::equal(clip.frames, again.frames));
  CHECK(at::equal(clip.waveform, again.waveform));
  GenerateRequest other = request();
  other.seed = 6;
  CHECK(!at::equal(clip.waveform, make(*model.generator, other).waveform));
}

TEST_CASE("either modality may be left out, lengths follow the request") {
  const TinyModel model;
  GenerateRequest r = request();
  r.video = false;
  CHECK(!make(*model.generator, r).has_video());
  r.video = true, r.audio = false, r.seconds = 0.9;
  const Clip silent = make(*model.generator, r);
  CHECK(!silent.has_audio());
  CHECK(silent.frames.size(0) == 21);
  r.video = false;
  CHECK_THROWS_AS(make(*model.generator, r), InvalidRequest);
}

TEST_CASE("every solver, guidance scale and negative prompt has its effect") {
  const TinyModel model;
  const Tensor base = make(*model.generator, request()).waveform;
  for (const auto& change : std::vector<std::function<void(GenerateRequest&)>>{
           [](GenerateRequest& r) { r.solver = "unipc"; }, [](GenerateRequest& r) { r.solver = "dpmpp"; },
           [](GenerateRequest& r) { r.steps = 5; }, [](GenerateRequest& r) { r.text_guidance = 7; },
           [](GenerateRequest& r) { r.align_guidance = 3; },
           [](GenerateRequest& r) { r.negative_prompt = "a ball bounces"; }, [](GenerateRequest& r) { r.shift = 3; },
           [](GenerateRequest& r) { r.prompt = "a ball bounces"; }}) {
    GenerateRequest r = request();
    change(r);
    CHECK(!at::equal(make(*model.generator, r).waveform, base));
  }
}

TEST_CASE("a given first frame is held to the end") {
  const TinyModel model;
  const Tensor image = at::full({32, 32, 3}, 200, at::kByte);
  const nn::RunContext run;
  const families::ClipSpec spec = model.generator->clip_spec({});
  const auto conditioning = model.generator->encode({.text = "a ball", .image = image}, spec, run);
  SavedLatent kept;
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { kept = latent; };
  pipeline::generate(*model.generator, request(), {image}, options);
  diffusion::JointLatent expected{at::zeros_like(kept.latent.video), kept.latent.audio};
  model.generator->hold(*conditioning, expected);
  CHECK(at::equal(kept.latent.video.narrow(2, 0, 1), expected.video.narrow(2, 0, 1)));
  CHECK_THROWS_AS(make(*model.generator, request(), at::zeros({16, 16, 3}, at::kByte)), ShapeError);
}

TEST_CASE("a cancelled film keeps its latents, and goes on to the very film it would have been") {
  const TinyModel model;
  const test::TemporaryFolder folder;
  GenerateRequest r = request();
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
  GenerateOptions resumed;
  resumed.resume = &saved;
  const Clip finished = pipeline::generate(*model.generator, saved.request, {}, resumed).clip;
  CHECK(at::equal(finished.frames, straight.frames));
  CHECK(at::equal(finished.waveform, straight.waveform));
}

TEST_CASE("saved latents are decoded without their prompt, finished or not, and only by a model of their shape") {
  const TinyModel model;
  std::vector<SavedLatent> kept;
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { kept.push_back(latent); };
  const Clip straight = pipeline::generate(*model.generator, request(), {}, options).clip;
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
  GenerateRequest r = request();
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
  saved.request = request("<S>one<E> <S>two<E> <S>three<E>");
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
  GenerateRequest r = request();
  r.timbre_guidance = 2;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("no reference voices"), InvalidRequest);
}

TEST_CASE("files that frame and voices came from are kept by name, and names alone make no other film") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("names.latents.safetensors");
  SavedLatent saved;
  saved.request = request();
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
  pipeline::generate(*model.generator, request(), {}, options);
  const auto file = weights::SafetensorsFile::open(path);
  weights::Metadata metadata = file.metadata();
  auto settings = nlohmann::json::parse(metadata.at("request")),
       progress = nlohmann::json::parse(metadata.at("progress"));
  for (const char* key : {"sample_rate", "latent_frames", "align_guidance", "timbre_guidance"})
    REQUIRE(settings.erase(key) == 1);
  REQUIRE(progress.erase("sample_rate") == 1);
  metadata["request"] = settings.dump();
  metadata["progress"] = progress.dump();
  metadata.erase("given");
  weights::TensorMap tensors;
  for (const auto& [name, tensor] : file.tensors()) tensors[name] = tensor.clone();
  weights::save_safetensors(path, tensors, metadata);
  const SavedLatent old = pipeline::load_latent(path);
  const families::ModelInfo& info = model.generator->info();
  CHECK_FALSE(old.request == pipeline::resolve(request(), info));
  CHECK(pipeline::resolve(old.request, info) == pipeline::resolve(request(), info));
  CHECK_NOTHROW(pipeline::decode(*model.generator, old, {}));
}

TEST_CASE("what some models cannot do is refused by name: lengths in latent frames, sample rates, tiles") {
  const TinyModel model;
  GenerateRequest r = request();
  r.latent_frames = 3;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("no length in latent frames; give --seconds"),
                       InvalidRequest);
  r.seconds = 1;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("leave out --seconds or --latent-frames"),
                       InvalidRequest);
  r = request();
  r.sample_rate = 48000;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("makes sound at 16000 Hz, asked for 48000"),
                       InvalidRequest);
  r.sample_rate = 16000;
  CHECK_NOTHROW(make(*model.generator, r));
  GenerateOptions options;
  options.tiles = autoencoders::PictureTiles{};
  CHECK_THROWS_WITH_AS(pipeline::generate(*model.generator, request(), {}, options), doctest::Contains("--vae-tiling"),
                       InvalidRequest);
}

TEST_CASE("a length in latent frames stays one when the request is resolved, again and again") {
  families::ModelInfo info;
  info.takes_latent_frames = true;
  info.other_sample_rates = {48000};
  GenerateRequest r = request();
  r.latent_frames = 37;
  r.sample_rate = 48000;
  const GenerateRequest once = pipeline::resolve(r, info);
  CHECK(once.seconds == 0);
  CHECK(once.latent_frames == 37);
  CHECK(once == pipeline::resolve(once, info));
  CHECK(pipeline::clip_request(once, {}).latent_frames == 37);
  CHECK(pipeline::clip_request(once, {}).sample_rate == 48000);
  CHECK(pipeline::resolve(request(), info).seconds == info.seconds);
  CHECK(pipeline::resolve(request(), info).sample_rate == info.sample_rate);
}

TEST_CASE("alignment guidance per modality") {
  const families::ModelInfo& info = TinyModel().generator->info();
  const auto scales = [&](const GenerateRequest& r) {
    return pipeline::sampling_of(pipeline::resolve(r, info), info).guidance;
  };
  GenerateRequest r = request();
  r.audio_align_guidance = 2;
  r.video_align_guidance = 0;
  CHECK(scales(r).use_align);
  CHECK(scales(r).align.audio == 2);
  CHECK(scales(r).align.video == 0);
  r.audio_align_guidance = 0;
  CHECK_FALSE(scales(r).use_align);
}

TEST_CASE("a resolved request says what was used, and resolving it again changes nothing") {
  const TinyModel model;
  const GenerateRequest resolved = pipeline::resolve(request(), model.generator->info());
  CHECK(resolved.video_guidance == model.generator->info().sampling.guidance.text.video);
  CHECK(resolved.audio_guidance == model.generator->info().sampling.guidance.text.audio);
  CHECK(resolved.skip_layer == 0);
  CHECK(resolved.steps > 0);
  GenerateRequest once = resolved, twice = pipeline::resolve(resolved, model.generator->info());
  CHECK(write_json(once.fields()) == write_json(twice.fields()));
}

TEST_CASE("text that is not UTF-8, guidance between -1 and 0 and guidance that a model does not have are refused") {
  const TinyModel model;
  GenerateRequest r = request("a r\xe9" "d ball falls");
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("not UTF-8"), InvalidRequest);
  r = request();
  r.audio_guidance = -0.5;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("at least 0"), InvalidRequest);
  r = request();
  r.skip_layer = 2;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("skip-layer"), InvalidRequest);
  r = request();
  r.negative_audio_prompt = "noise";
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("one negative prompt"), InvalidRequest);
}

TEST_CASE("options for large models are refused by a small one") {
  const test::TemporaryFolder folder;
  test::write_tiny_model(folder.path().string());
  const std::string path = folder.path().string();
  CHECK_THROWS_AS(families::load_generator(path, {.variant = "720x720_5s"}), InvalidRequest);
  CHECK_THROWS_AS(families::load_generator(path, {.storage = nn::LinearStorage::int8}), InvalidRequest);
  CHECK_THROWS_AS(families::load_generator(path, {.memory = nn::MemoryMode::stream}), InvalidRequest);
}

TEST_CASE("noise may come from a file, in our layout or the publishers', and must fit the film") {
  const TinyModel model;
  const test::TemporaryFolder folder;
  SavedLatent kept;
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { kept = latent; };
  const Clip drawn = pipeline::generate(*model.generator, request(), {}, options).clip;
  GenerateRequest other = request();
  other.seed = 77;
  options.init_noise = folder.file("noise.safetensors");
  const auto save = [&](const Tensor& video, const Tensor& audio) {
    weights::save_safetensors(options.init_noise, {{"init_video", video}, {"init_audio", audio}});
  };
  save(kept.noise.video[0], kept.noise.audio[0].t().contiguous());
  CHECK(at::equal(pipeline::generate(*model.generator, other, {}, options).clip.frames, drawn.frames));
  save(kept.noise.video.narrow(2, 0, 1), kept.noise.audio);
  CHECK_THROWS_WITH_AS(pipeline::generate(*model.generator, other, {}, options), doctest::Contains("init_video"),
                       CheckpointError);
  other.noise = "reference";
  CHECK_THROWS_AS(pipeline::generate(*model.generator, other, {}, {}), InvalidRequest);
}

TEST_CASE("pictures are handed on while decoding") {
  const TinyModel model;
  std::vector<Tensor> seen;
  GenerateOptions options;
  options.on_frames = [&](const Tensor& frames) { seen.push_back(frames); };
  const Clip clip = pipeline::generate(*model.generator, request(), {}, options).clip;
  CHECK(at::equal(at::cat(seen), clip.frames));
}

TEST_CASE("wrong requests are refused with a reason") {
  const TinyModel model;
  const auto refuse = [&](const std::function<void(GenerateRequest&)>& change, const char* reason) {
    GenerateRequest r = request();
    change(r);
    CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains(reason), InvalidRequest);
  };
  refuse([](GenerateRequest& r) { r.prompt = "  "; }, "empty");
  refuse([](GenerateRequest& r) { r.prompt = "she says <S>hello"; }, "no <E> closes the <S> at character 10");
  refuse([](GenerateRequest& r) { r.prompt = "she says <S>hello</S>"; }, "</S> closes nothing");
  refuse([](GenerateRequest& r) { r.prompt = "she says hello<E>"; }, "without <S>");
  refuse([](GenerateRequest& r) { r.prompt = "<S>a<S>b<E>"; }, "inside an open");
  refuse([](GenerateRequest& r) { r.seconds = 30; }, "seconds");
  refuse([](GenerateRequest& r) { r.height = 33; }, "32x32");
  refuse([](GenerateRequest& r) { r.solver = "eular"; }, "did you mean 'euler'");
  refuse([](GenerateRequest& r) { r.steps = 2000; }, "steps");
}

TEST_CASE("words that the model has never seen are pointed out") {
  const TinyModel model;
  const auto result = pipeline::generate(*model.generator, request("a red zebra"), {}, {});
  REQUIRE(result.notices.size() == 1);
  CHECK(result.notices[0].find("zebra") != std::string::npos);
}

TEST_CASE("missing and damaged parts of a model are named") {
  const TinyModel model;
  const std::string folder = model.folder.path().string();
  const auto load = [&] { return families::load_generator(folder, at::kFloat); };
  CHECK_THROWS_WITH_AS(families::load_generator(folder + "/nowhere", at::kFloat),
                       doctest::Contains("no such model folder"), CheckpointError);
  const std::string weights = folder + "/backbone/model.safetensors", bytes = read_file(weights);
  write_file_atomically(weights, bytes.substr(0, bytes.size() / 2));
  CHECK_THROWS_WITH_AS(load(), doctest::Contains("truncated"), CheckpointError);
  std::filesystem::remove(weights);
  CHECK_THROWS_WITH_AS(load(), doctest::Contains("backbone/model.safetensors"), CheckpointError);
  write_file_atomically(weights, bytes);
  write_file_atomically(folder + "/model.json", R"({"video_mean": [0]})");
  CHECK_THROWS_WITH_AS(load(), doctest::Contains("video_mean"), CheckpointError);
}

TEST_CASE("a film that was saved after any step ends as the one that was never interrupted") {
  const TinyModel model;
  const test::TemporaryFolder folder;
  for (const char* solver : {"euler", "unipc", "dpmpp"}) {
    GenerateRequest r = request();
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
      const SavedLatent saved = pipeline::load_latent(file);
      GenerateOptions resumed;
      resumed.resume = &saved;
      const Clip clip = pipeline::generate(*model.generator, saved.request, {}, resumed).clip;
      CHECK(at::equal(clip.frames, whole.frames));
      CHECK(at::equal(clip.waveform, whole.waveform));
    }
    SavedLatent foreign = pipeline::load_latent(files[2]);
    foreign.solver["of another rule"] = foreign.latent;
    GenerateOptions resumed;
    resumed.resume = &foreign;
    CHECK_THROWS_AS(pipeline::generate(*model.generator, foreign.request, {}, resumed), InvalidRequest);
  }
}
