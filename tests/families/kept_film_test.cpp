// What is kept of a given film: which latents it holds, and how it is put back.
#include "phonofilm/families/kept_film.h"

#include <doctest/doctest.h>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

using namespace phonofilm;
using namespace phonofilm::families;
using diffusion::LatentSpan;

namespace {

// 9 pictures in 3 latent frames, 10 steps of sound of 0.04 s.
constexpr LatentClock kClock{.frames = 3, .frame_patch = 4, .fps = 24, .steps = 10, .step_seconds = 0.04};

Clip clip_of(std::int64_t value, double level) {
  return {at::full({9, 2, 2, 3}, value, at::kByte), 24, at::full({1, 6400}, level, at::kFloat), 16000};
}

}  // namespace

TEST_CASE("latents are held where all of their pictures are kept") {
  const auto held = [](std::vector<TimeSpan> video, std::vector<TimeSpan> audio) {
    return held_latents({{}, std::move(video), std::move(audio)}, kClock);
  };
  CHECK((held({{0, 1}}, {}).video == std::vector<LatentSpan>{{0, 3}}));
  CHECK((held({{0, 1.0 / 24}}, {}).video == std::vector<LatentSpan>{{0, 1}}));
  CHECK((held({{0, 4.0 / 24}}, {}).video == std::vector<LatentSpan>{{0, 1}}));  // the fifth picture is missing
  CHECK((held({{0, 5.0 / 24}}, {}).video == std::vector<LatentSpan>{{0, 2}}));
  CHECK((held({{0, 1.0 / 24}, {5.0 / 24, 1}}, {}).video == std::vector<LatentSpan>{{0, 1}, {2, 1}}));
  CHECK((held({}, {{0.1, 0.21}}).audio == std::vector<LatentSpan>{{3, 2}}));  // of 0.12 to 0.2
  CHECK((held({}, {{0, 0.12}}).audio == std::vector<LatentSpan>{{0, 3}}));
  CHECK_FALSE(held({}, {}).any());
}

TEST_CASE("steps of sound may begin before the film") {
  LatentClock clock = kClock;
  clock.step_begin = -0.03;  // NAVA's: 0 to 0.01, to 0.05, to 0.09 s
  CHECK((held_latents({{}, {}, {{0, 0.1}}}, clock).audio == std::vector<LatentSpan>{{0, 3}}));
  CHECK((held_latents({{}, {}, {{0.01, 0.1}}}, clock).audio == std::vector<LatentSpan>{{1, 2}}));
}

TEST_CASE("what is kept comes back unchanged, the rest is new") {
  const KeptFilm film{clip_of(7, 0.5), {{0, 2.0 / 24}}, {{0, 0.1}, {0.3, 1}}};
  Clip made = clip_of(200, -0.25);
  put_back(film, made);
  const Tensor pictures = at::tensor({7, 7, 200, 200, 200, 200, 200, 200, 200});
  CHECK(made.frames.select(1, 0).select(1, 0).select(1, 0).eq(pictures).all().item<bool>());
  const auto sample = [&](double seconds) { return made.waveform[0][std::int64_t(seconds * 16000)].item<float>(); };
  CHECK(sample(0) == 0.5f);
  CHECK(sample(0.089) == 0.5f);
  CHECK(sample(0.11) == doctest::Approx(-0.25));
  CHECK(sample(0.29) == doctest::Approx(-0.25));
  CHECK(sample(0.3999) == 0.5f);
  const Tensor steps = made.waveform.diff().abs();
  CHECK(steps.max().item<double>() < 0.75 * 2 / 160);  // no click: a fade of 160 samples
}

TEST_CASE("a whole modality comes back bit by bit, and films of another shape are refused") {
  Clip made = clip_of(200, -0.25);
  const KeptFilm silent{{clip_of(7, 0).frames, 24, {}, 16000}, {{0, 10}}, {}};
  put_back(silent, made);
  CHECK(at::equal(made.frames, silent.clip.frames));
  CHECK(made.waveform.eq(-0.25).all().item<bool>());
  KeptFilm other = silent;
  other.clip.frames = other.clip.frames.narrow(0, 0, 5);
  CHECK_THROWS_AS(put_back(other, made), ShapeError);
  CHECK_THROWS_AS(put_back(KeptFilm{{}, {}, {{0, 1}}}, made), ShapeError);
}
