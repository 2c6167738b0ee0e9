// Ovi behind the pipeline's interface, on the tiny checkpoint of testdata/goldens/ovi-tiny.
#include "families/ovi_goldens.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "families/usual_film.h"
#include "phonofilm/base/error.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/families/ovi/networks.h"
#include "phonofilm/families/ovi/parts.h"
#include "phonofilm/families/ovi/plan.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/families/wan22.h"
#include "phonofilm/weights/tensor_file.h"
#include "support/tiny_folders.h"

using namespace phonofilm;
using namespace phonofilm::test;
using families::ClipRequest;
using families::ClipSpec;

namespace {

namespace fs = std::filesystem;

ClipRequest tiny_clip() {
  ClipRequest request{.seconds = 9.0 / 24, .height = 64, .width = 96};
  request.exact_size = true;
  return request;
}

// Two guided steps; block 1 is skipped in the negative pass.
diffusion::JointLatent two_steps(const families::Generator& model, const ClipSpec& spec, const families::Prompt& prompt,
                                 const std::string& solver_name = "unipc") {
  families::Sampling sampling = model.info().sampling;
  sampling.steps = 2;
  sampling.skip_layer = 1;
  sampling.solver = solver_name;
  const auto conditioning = model.encode(prompt, spec, {});
  const auto solver = diffusion::make_solver(sampling.solver);
  const auto hold = [&](diffusion::JointLatent& x) { conditioning->clean.impose_on(x); };
  return diffusion::sample(model.velocity(*conditioning, sampling, {}), model.reference_noise(spec, 7),
                           model.sigmas(sampling), *solver, hold, nullptr);
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("ovi: the recorded pixels and sounds of the sampled latents") {
  const ovi::OviFolder folder = ovi::open_folder(ovi_golden(""), "");
  // The recording was made in float32 throughout; the published program rounds the video autoencoder's weights first.
  const auto video_vae = autoencoders::load_wan22_vae(folder.video_vae, wan22::read_video_vae_config(folder.root),
                                                      at::kFloat, autoencoders::Wan22Rounding::none);
  const auto audio_vae = ovi::load_audio_vae(folder, at::kFloat);
  const auto vocoder = ovi::load_vocoder(folder, at::kFloat);
  for (const std::string name : {"t2av", "i2av"}) {
    const auto file = weights::SafetensorsFile::open(ovi_golden("golden_sample_" + name + "_unipc4.safetensors"));
    expect_close(video_vae->decode(ovi_video(file.at("video_latent")), {})[0], file.at("pixels"), 1e-4,
                 name + ": pixels");
    const Tensor mel = audio_vae->decode(ovi_audio(file.at("audio_latent")), {});
    expect_close(vocoder->forward(mel, {}).flatten(), file.at("waveform"), 1e-4, name + ": waveform");
  }
}

TEST_CASE("ovi: shapes of films follow the variant, its area and a first frame") {
  const OviFolder tiny;
  const auto model = tiny.load();
  CHECK(model->info().variant == "720x720_5s");
  const ClipSpec whole = model->clip_spec({});
  CHECK(whole.frames == 121);
  CHECK(whole.samples == 157 * 512);
  CHECK(whole.height == 704);
  CHECK(model->latent_shape(whole).video == Shape{1, 48, 31, 44, 44});
  CHECK(model->latent_shape(whole).audio == Shape{1, 20, 157});
  expect_usual_film(families::inspect_folder(tiny.root())->films.at(0), *model);
  ClipRequest with_image{.height = 512, .width = 512};
  with_image.image_height = 720;
  with_image.image_width = 1280;
  CHECK(model->clip_spec(with_image).height == 544);
  CHECK(model->clip_spec(with_image).width == 960);
  const ClipSpec sound = model->clip_spec({.video = false});
  CHECK(sound.frames == 0);
  CHECK(model->latent_shape(sound).video.empty());
  for (const double seconds : {7.0, 0.01}) CHECK_THROWS_AS(model->clip_spec({.seconds = seconds}), InvalidRequest);
  CHECK_THROWS_AS(model->clip_spec({.exact_size = true}), InvalidRequest);
  CHECK_THROWS_AS(model->clip_spec({.height = 512}), InvalidRequest);
  CHECK_THROWS_AS(model->clip_spec({.video = false, .audio = false}), InvalidRequest);
}

TEST_CASE("ovi: lengths in latent frames, and pictures in tiles") {
  const OviFolder tiny;
  const auto model = tiny.load();
  REQUIRE(model->info().takes_latent_frames);
  REQUIRE(model->info().tiles_pictures);
  ClipRequest request = tiny_clip();
  request.seconds = 0;
  request.latent_frames = 3;
  const ClipSpec spec = model->clip_spec(request);
  CHECK(spec.frames == 9);
  CHECK(spec.samples == model->clip_spec(tiny_clip()).samples);
  request.latent_frames = 32;
  CHECK_THROWS_WITH_AS(model->clip_spec(request), doctest::Contains("31 latent frames"), InvalidRequest);

  diffusion::JointLatent latent = model->reference_noise(spec, 7);
  latent.audio = Tensor();
  ClipSpec silent = spec;
  silent.samples = 0;
  const Tensor exact = model->decode(latent, silent, {}).frames;
  CHECK(at::equal(model->decode(latent, silent, {}, {.tiles = autoencoders::PictureTiles{}}).frames, exact));
  CHECK_FALSE(
      at::equal(model->decode(latent, silent, {}, {.tiles = autoencoders::PictureTiles{3, 4, 1, 2}}).frames, exact));
}

TEST_CASE("ovi: the prompt is written as the variant was trained, negative ones stay") {
  const OviFolder tiny;
  std::vector<std::string> read;
  families::LoadOptions options;
  options.open_tokenizer = [&read](const std::string& path, std::int64_t longest) -> families::TokenizeFn {
    CHECK(longest == 32);
    return [&read, tokenize = letters(path, longest)](const std::string& text) {
      read.push_back(text);
      return tokenize(text);
    };
  };
  options.format_prompt = [](const std::string& prompt, AudioTag tag) {
    return FormattedPrompt{prompt + (tag == AudioTag::audcap ? " in tags" : ""), {"converted"}};
  };
  const auto model = families::load_generator(tiny.root(), options);
  const families::Prompt prompt{.text = "a bell rings", .negative = "blur", .negative_audio = "echo"};
  const auto conditioning = model->encode(prompt, model->clip_spec(tiny_clip()), {});
  CHECK(read == std::vector<std::string>{"a bell rings in tags", "blur", "echo"});
  CHECK(conditioning->notices == std::vector<std::string>{"converted"});
}

TEST_CASE("ovi: text, first frame, sound alone and picture alone, through the whole model") {
  const OviFolder tiny;
  const auto model = tiny.load();
  const ClipSpec spec = model->clip_spec(tiny_clip());
  const families::Prompt prompt{.text = "a bell rings", .negative = "blur", .negative_audio = "echo"};
  const auto latent = two_steps(*model, spec, prompt);
  CHECK(latent.video.sizes() == at::IntArrayRef({1, 48, 3, 4, 6}));
  CHECK(latent.audio.sizes() == at::IntArrayRef({1, 20, 12}));
  CHECK(at::equal(two_steps(*model, spec, prompt).video, latent.video));
  for (const char* solver : {"euler", "dpmpp"})
    CHECK(two_steps(*model, spec, prompt, solver).video.isfinite().all().item<bool>());

  std::int64_t seen = 0;
  const Clip clip =
      model->decode(latent, spec, {}, {.on_frames = [&](const Tensor& frames) { seen += frames.size(0); }});
  CHECK(seen == 9);
  CHECK(clip.frames.sizes() == at::IntArrayRef({9, 64, 96, 3}));
  CHECK(clip.waveform.sizes() == at::IntArrayRef({1, 12 * 512}));

  families::Prompt with_image = prompt;
  with_image.image = at::arange(30 * 40 * 3, at::kLong).remainder(251).to(at::kByte).reshape({30, 40, 3});
  const auto from_image = two_steps(*model, spec, with_image);
  const auto held = model->encode(with_image, spec, {});
  diffusion::JointLatent expected{at::zeros_like(from_image.video), {}};
  held->clean.impose_on(expected);
  CHECK(at::equal(from_image.video.narrow(2, 0, 1), expected.video.narrow(2, 0, 1)));
  CHECK(expected.video.narrow(2, 0, 1).abs().max().item<double>() > 0);
  CHECK(!at::equal(from_image.video.narrow(2, 1, 2), latent.video.narrow(2, 1, 2)));

  ClipRequest alone = tiny_clip();
  alone.video = false;
  const ClipSpec sound = model->clip_spec(alone);
  CHECK(model->decode(two_steps(*model, sound, prompt), sound, {}).waveform.size(1) == 12 * 512);
  alone.video = true;
  alone.audio = false;
  const ClipSpec picture = model->clip_spec(alone);
  CHECK_FALSE(two_steps(*model, picture, prompt).has_audio());
}

TEST_CASE("ovi: streamed towers make the same film, towers of 8 bits nearly the same in less memory") {
  const OviFolder tiny;
  const auto model = tiny.load(), streamed = tiny.load({.memory = nn::MemoryMode::stream}),
             small = tiny.load({.storage = nn::LinearStorage::int8});
  const ClipSpec spec = model->clip_spec(tiny_clip());
  const families::Prompt prompt{.text = "a bell rings", .negative = "blur", .negative_audio = "echo"};
  const auto latent = two_steps(*model, spec, prompt), again = two_steps(*streamed, spec, prompt),
             near = two_steps(*small, spec, prompt);
  CHECK(at::equal(again.video, latent.video));
  CHECK(at::equal(again.audio, latent.audio));
  for (const double error : {relative_error(near.video, latent.video), relative_error(near.audio, latent.audio)}) {
    CHECK(error > 1e-4);
    CHECK(error < 0.05);
  }
  const auto towers = [&](const families::Generator& m) {
    return m.plan(spec, m.info().sampling, /*voices=*/false).memory[1];
  };
  CHECK(towers(*model).part == "towers");
  CHECK(towers(*small).bytes < 0.75 * towers(*model).bytes);  // matrices are half of so small a model
}

TEST_CASE("ovi: without guidance there is one pass, and the negative prompt does not matter") {
  const OviFolder tiny;
  const auto model = tiny.load();
  const ClipSpec spec = model->clip_spec(tiny_clip());
  const auto velocity = [&](const char* negative, double scale) {
    families::Sampling sampling = model->info().sampling;
    sampling.guidance.text = {scale, scale};
    const auto conditioning =
        model->encode({.text = "rain", .negative = negative, .negative_audio = negative}, spec, {});
    return model->velocity(*conditioning, sampling, {})(model->reference_noise(spec, 1), 0.7).video;
  };
  const auto passes = [&](double scale) {
    families::Sampling sampling = model->info().sampling;
    sampling.guidance.text = {scale, scale};
    return model->plan(spec, sampling, /*voices=*/false).passes;
  };
  CHECK(passes(1) == 1);
  CHECK(passes(3) == 2);
  expect_close(velocity("blur", 1), velocity("noise", 1), 1e-6);
  CHECK(relative_error(velocity("blur", 3), velocity("noise", 3)) > 1e-3);
}

TEST_CASE("ovi: reference noise is what PyTorch draws in bfloat16, per modality from the same seed") {
  const OviFolder tiny;
  const auto model = tiny.load();
  const auto noise = model->reference_noise(model->clip_spec(tiny_clip()), 103);
  // torch.randn((48, 3, 4, 6), dtype=torch.bfloat16, generator=torch.Generator().manual_seed(103)), PyTorch 2.13
  const std::vector<double> first{-0.55859375, 0.6171875, -1.1171875, -0.1630859375};
  for (std::int64_t i = 0; i < 4; ++i) {
    CHECK(noise.video.flatten()[i].item<double>() == first[size_t(i)]);
    CHECK(noise.audio[0][i][0].item<double>() == first[size_t(i)]);  // [12, 20] there
  }
  CHECK(noise.video[0][47][2][3][5].item<double>() == -0.1494140625);
  CHECK(noise.audio[0][19][11].item<double>() == -0.5);
  CHECK(noise.video.to(at::kDouble).sum().item<double>() == doctest::Approx(12.645614624023438).epsilon(1e-9));
}

TEST_CASE("ovi: what is missing is said before denoising, with the way to get it") {
  const OviFolder tiny;
  fs::remove(tiny.file("Wan2.2-TI2V-5B/Wan2.2_VAE.pth"));
  fs::remove(tiny.file("MMAudio"));
  const auto model = tiny.load();
  const auto encode = [&](const ClipRequest& request) {
    return message_of([&] { model->encode({.text = "rain"}, model->clip_spec(request), {}); });
  };
  const std::string message = encode(tiny_clip());
  for (const char* part :
       {"video autoencoder", "audio autoencoder", "vocoder", "best_netG.pt", "download_weights.py"}) {
    CHECK_MESSAGE(message.find(part) != std::string::npos, message);
  }
  ClipRequest sound = tiny_clip();
  sound.video = false;
  CHECK(encode(sound).find("video autoencoder") == std::string::npos);
  CHECK_THROWS_AS(families::load_generator(tiny.root(), {.variant = "960x960_10s"}), CheckpointError);
  CHECK(message_of([&] { families::load_generator(tiny.root(), {.variant = "720x720"}); }).find("720x720_5s") !=
        std::string::npos);
}

TEST_CASE("ovi: a film passes through the codecs and back to latents of its shape") {
  const OviFolder tiny;
  const auto model = tiny.load();
  const ClipSpec spec = model->clip_spec(tiny_clip());
  Clip clip;
  clip.frames = at::full({9, 64, 96, 3}, 90, at::kByte);
  clip.waveform = at::zeros({2, 12 * 512});
  const auto latent = model->encode_clip(clip, {});
  CHECK(latent.video.sizes() == at::IntArrayRef(model->latent_shape(spec).video));
  CHECK(latent.audio.sizes() == at::IntArrayRef(model->latent_shape(spec).audio));
}

TEST_CASE("ovi: the published model's operations, by hand and as counted elsewhere") {
  // 7.92 TFLOP per block at 15004 and 157 tokens, keys and values of the text included (2 * 512 rows for each tower).
  const ovi::OviConfig published;
  const double text_keys = 2 * 4.0 * 512 * 3072 * 3072;
  CHECK(ovi::block_flop(published, 15004, 157) + text_keys == doctest::Approx(7.92e12).epsilon(0.002));
  CHECK(ovi::block_flop(published, 54900, 314) + text_keys == doctest::Approx(55.91e12).epsilon(0.002));
  CHECK(autoencoders::wan22_decode_flop({}, 31, 44, 44) == doctest::Approx(1.106e15).epsilon(0.01));
  CHECK(autoencoders::wan22_decode_flop({}, 61, 60, 60) == doctest::Approx(4.093e15).epsilon(0.01));

  const OviFolder tiny;
  const auto model = tiny.load();
  families::Sampling sampling = model->info().sampling;
  sampling.skip_layer = 1;
  const ClipSpec spec = model->clip_spec(tiny_clip());
  const auto guided = model->plan(spec, sampling, /*voices=*/false);
  sampling.guidance.text = {1, 1};
  const auto single = model->plan(spec, sampling, /*voices=*/false);
  CHECK(guided.video_tokens == 18);
  CHECK(guided.audio_tokens == 12);
  CHECK(guided.step_flop / single.step_flop == doctest::Approx(5.0 / 3));  // three blocks, and two in the negative pass
  for (const auto& part : guided.memory) CHECK_MESSAGE(part.bytes > 0, part.part);
}
