// The shape of NAVA's films: sizes, lengths, sample rates, tiles, noise, and what a film of full size takes.
#include <cmath>
#include <filesystem>

#include "families/nava_films.h"
#include "families/nava_goldens.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/dsp/resample.h"
#include "phonofilm/families/nava/checkpoint.h"
#include "phonofilm/families/nava/film_spec.h"
#include "phonofilm/families/nava/inspection.h"
#include "phonofilm/families/nava/plan.h"
#include "phonofilm/families/nava/sound.h"
#include "phonofilm/families/nava/synthesis.h"
#include "phonofilm/families/nava/voices.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/families/wan22.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/torch_archive_writer.h"
#include "support/float8_nava.h"

using namespace phonofilm;
using namespace phonofilm::test;
using diffusion::JointLatent;
using families::ClipRequest;
using families::ClipSpec;
using families::Prompt;

TEST_CASE("nava: sizes and lengths") {
  const auto spec = [](const ClipRequest& request) { return nava::film_spec(request); };
  const ClipSpec usual = spec({});
  CHECK(usual.frames == 145);
  CHECK(usual.height == 704);
  CHECK(usual.width == 1280);
  CHECK(nava::latent_frames(usual.frames) == 37);
  CHECK(nava::audio_tokens(usual) == 152);
  CHECK(nava::audio_tokens(spec({.seconds = 10})) == 252);
  CHECK(spec({.seconds = 10}).frames == 241);
  CHECK(nava::audio_tokens(spec({.video = false})) == 152);
  CHECK(nava::audio_tokens(spec({.seconds = 5, .video = false})) == 125);
  CHECK(spec({.video = false}).frames == 0);
  CHECK(spec({.audio = false}).samples == 0);
  CHECK_THROWS_WITH_AS(spec({.height = 700, .width = 1280}), doctest::Contains("704x1280"), InvalidRequest);
  CHECK_THROWS_AS(spec({.seconds = 30}), InvalidRequest);
  CHECK(nava::audio_tokens(spec({.seconds = 30, .video = false})) == 750);
  CHECK(nava::audio_tokens(spec({.seconds = 40.96, .video = false})) == 1024);  // as many positions as there are
  CHECK_THROWS_AS(spec({.seconds = 41, .video = false}), InvalidRequest);
  CHECK_THROWS_AS(spec({.video = false, .audio = false}), InvalidRequest);

  const auto size = [](std::int64_t height, std::int64_t width) {
    const nava::PictureSize s = nava::size_for_image({height, width});
    return std::pair(s.height, s.width);
  };
  CHECK(size(1080, 1920) == std::pair<std::int64_t, std::int64_t>(704, 1280));
  CHECK(size(1920, 1080) == std::pair<std::int64_t, std::int64_t>(1280, 704));
  CHECK(size(500, 500) == std::pair<std::int64_t, std::int64_t>(960, 960));
  CHECK(size(480, 640) == std::pair<std::int64_t, std::int64_t>(832, 1088));
  CHECK(size(100, 1000) == std::pair<std::int64_t, std::int64_t>(608, 1536));
  // A picture that was cut to its size keeps it.
  for (const auto& [h, w] : {std::pair{864, 1056}, {832, 1088}, {736, 1184}, {704, 1280}, {672, 1344}, {608, 1536}}) {
    CHECK(size(h, w) == std::pair<std::int64_t, std::int64_t>(h, w));
    CHECK(size(w, h) == std::pair<std::int64_t, std::int64_t>(w, h));
  }
}

TEST_CASE("nava: the smaller size classes of its training") {
  CHECK(nava::size_for_image({1080, 1920}, 256).height == 16 * 12);
  CHECK(nava::size_for_image({1080, 1920}, 256).width == 16 * 21);
  CHECK(nava::size_for_image({800, 600}, 640).height == 16 * 45);  // portrait
  CHECK(nava::size_for_image({300, 300}, 512).width == 16 * 32);
  CHECK_THROWS_AS(nava::size_for_image({300, 300}, 720), InvalidRequest);
  CHECK_THROWS_AS(nava::size_for_image({0, 300}), InvalidRequest);
}

TEST_CASE("nava: lengths in latent frames") {
  const auto spec = [](std::int64_t frames, bool video = true) {
    ClipRequest request{.video = video};
    request.latent_frames = frames;
    return nava::film_spec(request);
  };
  for (const auto& [latents, tokens] : {std::pair{1, 2}, {31, 127}, {37, 152}, {55, 227}, {61, 252}}) {
    CHECK(spec(latents).frames == 4 * (latents - 1) + 1);
    CHECK(nava::audio_tokens(spec(latents)) == tokens);
    CHECK(nava::audio_tokens(spec(latents, /*video=*/false)) == tokens);
  }
  CHECK_THROWS_WITH_AS(spec(62), doctest::Contains("61 latent frames"), InvalidRequest);
  CHECK_THROWS_AS(spec(-1), InvalidRequest);
}

TEST_CASE("nava: sound at 16 kHz is the 48 kHz one, narrowed before it is finished") {
  const NavaFolder tiny;
  const auto model = tiny.load();
  ClipRequest request = tiny_clip();
  request.video = false;
  const ClipSpec wide = model->clip_spec(request);
  request.sample_rate = 16000;
  const ClipSpec narrow = model->clip_spec(request);
  CHECK(wide.samples == 3 * narrow.samples);
  CHECK(model->latent_shape(wide).audio == model->latent_shape(narrow).audio);
  const JointLatent latent = noise_of(*model, wide);
  const Clip full = model->decode(latent, wide, {}), third = model->decode(latent, narrow, {});
  CHECK(third.sample_rate == 16000);
  CHECK(third.waveform.size(1) == narrow.samples);
  CHECK(third.waveform.abs().max().item<double>() == doctest::Approx(0.95).epsilon(1e-4));
  const Tensor again = dsp::resample(full.waveform, 48000, 16000, dsp::kHannSinc);  // but for its loudness
  const double loudness = (again.norm() / third.waveform.norm()).item<double>();
  expect_close(third.waveform * loudness, again, 0.01);
  request.sample_rate = 44100;
  CHECK_THROWS_WITH_AS(model->clip_spec(request), doctest::Contains("48000 or 16000"), InvalidRequest);
}

TEST_CASE("nava: pictures in tiles") {
  const NavaFolder tiny;
  const auto model = tiny.load();
  REQUIRE(model->info().tiles_pictures);
  ClipRequest request = tiny_clip();
  request.audio = false;
  const ClipSpec spec = model->clip_spec(request);
  const JointLatent latent = noise_of(*model, spec);
  const auto decoded = [&](const autoencoders::PictureTiles& tiles) {
    std::int64_t calls = 0;
    const auto count = [&](const Tensor&) { ++calls; };
    const Clip clip = model->decode(latent, spec, {}, {.on_frames = count, .tiles = tiles});
    CHECK(calls == 3);  // pictures still come as time goes on
    return clip.frames;
  };
  const Tensor exact = model->decode(latent, spec, {}).frames;
  CHECK(at::equal(decoded({}), exact));
  const Tensor tiled = decoded({3, 4, 1, 2});
  CHECK(tiled.sizes() == exact.sizes());
  CHECK_FALSE(at::equal(tiled, exact));
  CHECK_THROWS_AS(decoded({3, 4, 4, 2}), InvalidRequest);
}

TEST_CASE("nava: sound is as loud as it may be, and silence is left alone") {
  CHECK(nava::finished_sound(at::full({2, 10}, 0.1)).max().item<double>() == doctest::Approx(0.95));
  CHECK(nava::finished_sound(at::full({2, 10}, 3.0)).max().item<double>() == doctest::Approx(0.95));
  CHECK(nava::finished_sound(at::full({2, 10}, 1e-5)).max().item<double>() == doctest::Approx(1e-5));
}

TEST_CASE("nava: noise as its publisher draws it") {
  const NavaFolder tiny;
  const auto model = tiny.load();
  const ClipSpec spec = model->clip_spec(tiny_clip());
  const JointLatent noise = model->reference_noise(spec, 100);
  const at::Generator generator = make_generator(100);
  const Tensor video = randn({3, 4, 6, 48}, generator), audio = randn({10, 128}, generator);
  CHECK(at::equal(noise.video[0][7][2][3], video[2][3].select(1, 7)));
  CHECK(at::equal(noise.audio[0][9], audio.select(1, 9)));
}

TEST_CASE("nava: the plan of a full-size film") {
  const nava::NavaConfig config;
  const auto shape = families::Generator::LatentShape{{1, 48, 37, 44, 80}, {1, 128, 152}};
  diffusion::GuidanceScales scales;
  scales.use_timbre = true;
  const families::WorkPlan plan = nava::plan_work("no such folder", config, {}, shape, scales);
  CHECK(plan.video_tokens == 32560);
  CHECK(plan.audio_tokens == 152);
  CHECK(plan.passes == 4);
  // 5.66e9 weights of block matrices, of which keys and values of the text are not used per token; 32712 tokens attend
  // to each other.
  const double tokens = 32712, products = 2 * tokens * 30 * (6 * 3072. * 3072 + 2 * 3072. * 14336);
  const double attention = 4 * 3072. * 30 * (tokens * tokens + tokens * 512);
  CHECK(nava::pass_flop(config, 32560, 152, false) == doctest::Approx(products + attention));
  CHECK(nava::pass_flop(config, 32560, 152, true) < nava::pass_flop(config, 32560, 152, false));
  const double deaf = attention - 4 * 3072. * 30 * 2 * 32560 * 152;  // no pairs of a picture's and a sound's token
  CHECK(plan.step_flop == doctest::Approx(4 * products + 3 * attention + deaf).epsilon(1e-9));
}
