// Films on a tiny model with random weights: what was asked for, and what is refused.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "pipeline/tiny_films.h"

using namespace phonofilm;
using pipeline::GenerateOptions;
using pipeline::GenerateRequest;
using pipeline::SavedLatent;
using test::make;
using test::OpenModel;
using test::tiny_request;
using test::TinyModel;

TEST_CASE("a sentence becomes a film of the asked shape, the same for the same seed") {
  const TinyModel model;
  const Clip clip = make(*model.generator, tiny_request());
  CHECK(clip.frames.sizes() == at::IntArrayRef({9, 32, 32, 3}));  // 4n + 1 frames nearest to 0.4 s
  CHECK(clip.waveform.sizes() == at::IntArrayRef({1, 12 * 512}));
  CHECK(clip.audio_seconds() >= clip.video_seconds());
  const Clip again = make(*model.generator, tiny_request());
  CHECK(at::equal(clip.frames, again.frames));
  CHECK(at::equal(clip.waveform, again.waveform));
  GenerateRequest other = tiny_request();
  other.seed = 6;
  CHECK(!at::equal(clip.waveform, make(*model.generator, other).waveform));
}

TEST_CASE("a model whose matrices are stored in 8 bits has a smaller file, is loaded as any other and makes nearly its film") {
  test::OpenModel model;
  const Clip film = make(*model.generator, tiny_request());
  const std::string backbone = model.folder.file("backbone"), file = backbone + "/model.safetensors";
  const auto bytes = std::filesystem::file_size(file);
  nava::save_backbone(*nava::load_backbone(backbone, at::kFloat), backbone, nn::LinearStorage::int8);
  CHECK(std::filesystem::file_size(file) < bytes);
  for (const auto& [name, p] : nava::load_backbone(backbone, at::kBFloat16)->named_parameters()) {
    CHECK_MESSAGE((p.scalar_type() == at::kBFloat16), name);
  }
  model.load();
  const Clip again = make(*model.generator, tiny_request());
  CHECK((again.frames.to(at::kFloat) - film.frames.to(at::kFloat)).abs().mean().item<double>() < 2);
}

TEST_CASE("latents that find no room before decoding cost a notice, not the film") {
  const TinyModel model;
  GenerateOptions options;
  options.keep = [](const SavedLatent&) { throw ResourceError("save latents", "no room"); };
  const pipeline::Generated film = pipeline::generate(*model.generator, tiny_request(), {}, options);
  CHECK(at::equal(film.clip.frames, make(*model.generator, tiny_request()).frames));
  REQUIRE(film.notices.size() == 1);
  CHECK(film.notices[0].find("[save latents] no room") != std::string::npos);
}

TEST_CASE("either modality may be left out, lengths follow the request") {
  const TinyModel model;
  GenerateRequest r = tiny_request();
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
  const Tensor base = make(*model.generator, tiny_request()).waveform;
  for (const auto& change : std::vector<std::function<void(GenerateRequest&)>>{
           [](GenerateRequest& r) { r.solver = "unipc"; }, [](GenerateRequest& r) { r.solver = "dpmpp"; },
           [](GenerateRequest& r) { r.steps = 5; }, [](GenerateRequest& r) { r.text_guidance = 7; },
           [](GenerateRequest& r) { r.align_guidance = 3; },
           [](GenerateRequest& r) { r.negative_prompt = "a ball bounces"; }, [](GenerateRequest& r) { r.shift = 3; },
           [](GenerateRequest& r) { r.prompt = "a ball bounces"; }}) {
    GenerateRequest r = tiny_request();
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
  pipeline::generate(*model.generator, tiny_request(), {image}, options);
  diffusion::JointLatent expected{at::zeros_like(kept.latent.video), kept.latent.audio};
  conditioning->clean.impose_on(expected);
  CHECK(at::equal(kept.latent.video.narrow(2, 0, 1), expected.video.narrow(2, 0, 1)));
  CHECK_THROWS_AS(make(*model.generator, tiny_request(), at::zeros({16, 16, 3}, at::kByte)), ShapeError);
}

TEST_CASE("what some models cannot do is refused by name: lengths in latent frames, sample rates, tiles") {
  const TinyModel model;
  GenerateRequest r = tiny_request();
  r.latent_frames = 3;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("no length in latent frames; give it in seconds"),
                       InvalidRequest);
  r.seconds = 1;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("leave one of them out"),
                       InvalidRequest);
  r = tiny_request();
  r.sample_rate = 48000;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("makes sound at 16000 Hz, asked for 48000"),
                       InvalidRequest);
  r.sample_rate = 16000;
  CHECK_NOTHROW(make(*model.generator, r));
  GenerateOptions options;
  options.tiles = autoencoders::PictureTiles{};
  CHECK_THROWS_WITH_AS(pipeline::generate(*model.generator, tiny_request(), {}, options), doctest::Contains("--vae-tiling"),
                       InvalidRequest);
}

TEST_CASE("a length in latent frames stays one when the request is resolved, again and again") {
  families::ModelInfo info;
  info.takes_latent_frames = true;
  info.other_sample_rates = {48000};
  GenerateRequest r = tiny_request();
  r.latent_frames = 37;
  r.sample_rate = 48000;
  const GenerateRequest once = pipeline::resolve(r, info);
  CHECK(once.seconds == 0);
  CHECK(once.latent_frames == 37);
  CHECK(once == pipeline::resolve(once, info));
  CHECK(pipeline::clip_request(once, {}).latent_frames == 37);
  CHECK(pipeline::clip_request(once, {}).sample_rate == 48000);
  CHECK(pipeline::resolve(tiny_request(), info).seconds == info.seconds);
  CHECK(pipeline::resolve(tiny_request(), info).sample_rate == info.sample_rate);
}

TEST_CASE("alignment guidance per modality") {
  const families::ModelInfo& info = TinyModel().generator->info();
  const auto scales = [&](const GenerateRequest& r) {
    return pipeline::sampling_of(pipeline::resolve(r, info), info).guidance;
  };
  GenerateRequest r = tiny_request();
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
  const GenerateRequest resolved = pipeline::resolve(tiny_request(), model.generator->info());
  CHECK(resolved.video_guidance == model.generator->info().sampling.guidance.text.video);
  CHECK(resolved.audio_guidance == model.generator->info().sampling.guidance.text.audio);
  CHECK(resolved.skip_layer == 0);
  CHECK(resolved.steps > 0);
  GenerateRequest once = resolved, twice = pipeline::resolve(resolved, model.generator->info());
  CHECK(write_json(once.fields()) == write_json(twice.fields()));
}

TEST_CASE("text that is not UTF-8, guidance between -1 and 0 and guidance that a model does not have are refused") {
  const TinyModel model;
  GenerateRequest r = tiny_request("a r\xe9" "d ball falls");
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("not UTF-8"), InvalidRequest);
  r = tiny_request();
  r.audio_guidance = -0.5;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("at least 0"), InvalidRequest);
  r = tiny_request();
  r.skip_layer = 2;
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("skip layer"), InvalidRequest);
  r = tiny_request();
  r.negative_audio_prompt = "noise";
  CHECK_THROWS_WITH_AS(make(*model.generator, r), doctest::Contains("one negative prompt"), InvalidRequest);
}

TEST_CASE("skip-layer guidance pushes a film away from what the model makes without a block") {
  OpenModel model;
  GenerateRequest r = tiny_request();
  r.skip_layer = 0;
  const Tensor plain = make(*model.generator, r).frames;
  r.skip_layer = 1;
  const Tensor pushed = make(*model.generator, r).frames;
  CHECK_FALSE(at::equal(plain, pushed));
  r.text_guidance = 1;  // one pass, and none to leave a block out of
  const Tensor alone = make(*model.generator, r).frames;
  r.skip_layer = 0;
  CHECK(at::equal(alone, make(*model.generator, r).frames));

  nlohmann::json settings = load_json(model.folder.file("model.json"));
  settings["skip_layer"] = 1;
  save_json(model.folder.file("model.json"), settings);
  model.load();
  CHECK(at::equal(make(*model.generator, tiny_request()).frames, pushed));
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
  const Clip drawn = pipeline::generate(*model.generator, tiny_request(), {}, options).clip;
  GenerateRequest other = tiny_request();
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
  const Clip clip = pipeline::generate(*model.generator, tiny_request(), {}, options).clip;
  CHECK(at::equal(at::cat(seen), clip.frames));
}

TEST_CASE("wrong requests are refused with a reason") {
  const TinyModel model;
  const auto refuse = [&](const std::function<void(GenerateRequest&)>& change, const char* reason) {
    GenerateRequest r = tiny_request();
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
  const auto result = pipeline::generate(*model.generator, tiny_request("a red zebra"), {}, {});
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
