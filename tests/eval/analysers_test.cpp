// The analysers against films whose truth is exact.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "eval/worn_pictures.h"
#include "phonofilm/base/error.h"
#include "phonofilm/dsp/resample.h"
#include "phonofilm/eval/least_squares.h"
#include "phonofilm/eval/piecewise.h"
#include "phonofilm/eval/togetherness.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"

using namespace phonofilm;
using namespace phonofilm::eval;

namespace {

constexpr double kGravity = 4.06;

// A ball that falls from rest at `top` onto centre height `bottom`, losing speed at every bounce: y at time t.
double bouncing_y(double t, double top, double bottom, double restitution, std::vector<double>& strikes) {
  double start = std::sqrt(2 * (bottom - top) / kGravity), speed = kGravity * start * restitution;
  strikes = {start};
  if (t < start) return top + 0.5 * kGravity * t * t;
  for (;; speed *= restitution) {
    if (speed < 0.5) return bottom;
    const double length = 2 * speed / kGravity, since = t - start;
    strikes.push_back(start + length);
    if (since < length) return bottom - speed * since + 0.5 * kGravity * since * since;
    start += length;
  }
}

// Blurs the picture (3 x 3 twice), leaks a tenth of the neighbouring frames into every frame, lets the brightness
// flicker, adds noise; smears half of the sound over 1 ms and adds hiss: what a codec does, and worse.
Clip degraded(const Clip& clip, std::uint64_t seed) {
  const at::Generator noise = make_generator(seed);
  Tensor frames = test::worn_pictures(clip.frames, noise);
  frames = (frames - 128) * (1 + 0.05 * randn({frames.size(0), 1, 1, 1}, noise)) + 128;
  Clip result = clip;
  result.frames = test::as_pictures(frames);
  Tensor window = at::hann_window(17, /*periodic=*/false).reshape({1, 1, 17});
  const Tensor smeared = at::conv1d(at::pad(clip.waveform.unsqueeze(0), {8, 8}), window / window.sum()).squeeze(0);
  result.waveform = 0.5 * clip.waveform + 0.5 * smeared + 0.001 * randn(clip.waveform.sizes().vec(), noise);
  return result;
}

// Forty held-out films, measured once for all cases of this file.
const std::vector<FilmMeasure>& measured(bool degrade) {
  static const auto measure = [](bool worse) {
    const MaterialClassifier materials;
    std::vector<FilmMeasure> films;
    for (std::int64_t i = 0; i < (worse ? 20 : 48); ++i) {
      const auto sample = world::render("impacts", held_out_seed(7, i), {});
      const Clip clip = worse ? degraded(sample.clip, std::uint64_t(i)) : sample.clip;
      films.push_back(measure_film(sample.truth, clip, materials, true));
    }
    return films;
  };
  static const std::vector<FilmMeasure> kClean = measure(false), kDegraded = measure(true);
  return degrade ? kDegraded : kClean;
}

}  // namespace

TEST_CASE("a linear predictor removes damped sinusoids") {
  std::vector<double> signal;
  for (int i = 0; i < 400; ++i)
    signal.push_back(std::exp(-i * 0.004) * std::sin(0.3 * i) + std::exp(-i * 0.01) * std::sin(1.9 * i));
  const auto predictor = linear_predictor(signal, 0, 200, 6, 1e-12);
  REQUIRE(predictor.size() == 6);
  double expected = 0;
  for (std::size_t k = 0; k < 6; ++k) expected += predictor[k] * signal[299 - k];
  CHECK(expected == doctest::Approx(signal[300]).epsilon(1e-3));
  CHECK(linear_predictor(signal, 0, 10, 6, 1e-12).empty());
}

TEST_CASE("a course is split where it was made of pieces") {
  Course course;
  for (int f = 0; f < 30; ++f) {
    const double t = f / 24.0;
    course.time.push_back(t);
    course.weight.push_back(1);
    course.value.push_back(t < 0.5 ? 0.2 : t < 0.9 ? 0.2 + 0.5 * (t - 0.5) : 0.4 - 0.7 * (t - 0.9));
  }
  const std::vector<Piece> pieces = split_course(course, 0);
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[0].motion == Motion::rest);
  CHECK(pieces[0].last == 12);
  CHECK(pieces[1].slope == doctest::Approx(0.5));
  CHECK(pieces[2].slope == doctest::Approx(-0.7));
}

TEST_CASE("strikes of a noisy track are timed to milliseconds") {
  const Tensor noise = 0.005 * randn({2, 49}, make_generator(3));  // half a pixel of 96
  Track track;
  track.radius = 0.1;
  std::vector<double> strikes;
  for (int f = 0; f < 49; ++f) {
    track.time.push_back(f / 24.0);
    track.x.push_back(0.5 + noise[0][f].item<double>());
    track.y.push_back(bouncing_y(f / 24.0, 0.25, 0.76, 0.7, strikes) + noise[1][f].item<double>());
    track.seen.push_back(f == 20 ? 0 : 1);  // the ball fades away for a frame
  }
  track.y[20] = 0.3;
  const std::vector<Impact> impacts = find_impacts(track);
  REQUIRE(impacts.size() >= 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(std::abs(impacts[i].time - strikes[i]) < 0.012);
    CHECK(impacts[i].surface == "floor");
    CHECK(impacts[i].confidence > 0.3);
  }
}

TEST_CASE("a side wall is struck where the way turns back") {
  Track track;
  track.radius = 0.1;
  for (int f = 0; f < 49; ++f) {
    const double t = f / 24.0;
    track.time.push_back(t);
    track.x.push_back(t < 0.777 ? 0.86 - 0.5 * (0.777 - t) : 0.86 - 0.4 * (t - 0.777));
    track.y.push_back(0.76);
    track.seen.push_back(1);
  }
  const std::vector<Impact> impacts = find_impacts(track);
  REQUIRE(impacts.size() == 1);
  CHECK(impacts[0].surface == "right wall");
  CHECK(impacts[0].time == doctest::Approx(0.777).epsilon(1e-4));
  CHECK(impacts[0].speed == doctest::Approx(0.5).epsilon(1e-3));
}

TEST_CASE("onsets: a loud strike does not hide a soft one far away in a long film") {
  Tensor wave = 1e-5 * randn({1, 10 * 16000}, make_generator(1));
  const Tensor click = randn({640}, make_generator(2)) * at::linspace(0, 8, 640).neg().exp();
  wave.narrow(1, 16000, 640) += click;
  wave.narrow(1, 8 * 16000, 640) += 0.002 * click;
  const std::vector<Onset> onsets = find_onsets(wave, 16000);
  REQUIRE(onsets.size() == 2);
  CHECK(std::abs(onsets[1].time - 8) < 0.001);
  CHECK(find_onsets(wave.slice(1, 0, 2 * 16000), 16000).size() == 1);
}

TEST_CASE("onsets: soft strikes in loud tails are heard, beating partials are not") {
  const double rate = 16000;
  Tensor wave = 2e-4 * randn({1, 32000}, make_generator(1));
  float* samples = wave.data_ptr<float>();
  const Tensor click = randn({400}, make_generator(2));
  const std::vector<double> times{0.3, 0.4011, 1.2};
  const std::vector<double> gains{0.25, 0.04, 0.1};
  for (std::size_t strike = 0; strike < times.size(); ++strike) {
    for (auto n = std::int64_t(std::ceil(times[strike] * rate)); n < 32000; ++n) {
      const double age = double(n) / rate - times[strike];
      const double turn = 2 * std::numbers::pi * age;
      const double ring = std::sin(turn * 2000) + std::sin(turn * 2017) + std::sin(turn * 4100);
      const std::int64_t i = std::int64_t(age * rate);
      const double burst = i < 400 ? 0.3 * click[i].item<double>() * std::exp(-age / 0.004) : 0;
      samples[n] += float(gains[strike] * (0.3 * ring * std::exp(-age / 0.4) + burst));
    }
  }
  const std::vector<Onset> onsets = find_onsets(wave, 16000);
  REQUIRE(onsets.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(onsets[i].time - times[i]) < 0.001);
  const std::vector<Onset> resampled = find_onsets(dsp::resample(wave, 16000, 48000), 48000);
  REQUIRE(resampled.size() == onsets.size());
  // Two band-limiting filters ring a little before what they pass.
  for (size_t i = 0; i < onsets.size(); ++i) CHECK(std::abs(resampled[i].time - onsets[i].time) < 0.0015);
  CHECK(find_onsets(at::zeros({1, 16000}), 16000).empty());
  for (const std::int64_t rate_asked : {16000, 48000}) {
    CHECK_THROWS_AS(find_onsets(at::zeros({1, 1, 16000}), rate_asked), ShapeError);
    CHECK_THROWS_AS(find_onsets(Tensor(), rate_asked), ShapeError);
  }
  CHECK(find_onsets(2e-4 * randn({16000}, make_generator(4)), 16000).empty());
}

TEST_CASE("ground truth passes the ruler in both directions") {
  const GroupReport group = summarise("ground_truth", measured(false), true, 1);
  for (const OffsetStatistics* offsets : {&group.impact_to_onset, &group.onset_to_impact}) {
    CHECK(offsets->events > 150);
    CHECK(offsets->median_ms.value <= 2);
    CHECK(offsets->within_25.value == 1);
  }
  REQUIRE(group.picture);
  CHECK(group.picture->offsets.matched == group.picture->offsets.events);
  CHECK(group.picture->false_events == 0);
  CHECK(std::abs(group.picture->offsets.bias_ms) < 0.5);
  CHECK(group.sound->offsets.matched == group.sound->offsets.events);
  CHECK(group.sound->false_events == 0);
  CHECK(std::abs(group.sound->offsets.bias_ms) < 0.1);
  CHECK(group.labels->color.value == 1);
  CHECK(group.labels->material.value >= 0.98);
  CHECK(group.labels->count_exact.value == 1);
}

TEST_CASE("blurred, leaking, noisy films are still measured") {
  const GroupReport group = summarise("codec_round_trip", measured(true), true, 1);
  for (const OffsetStatistics* offsets : {&group.impact_to_onset, &group.onset_to_impact}) {
    CHECK(offsets->median_ms.value <= 3);
    CHECK(offsets->within_25.value >= 0.99);
  }
  CHECK(group.labels->color.value == 1);
  CHECK(group.labels->material.value >= 0.95);
}

TEST_CASE("a sound that is late is measured as late") {
  const auto sample = world::render("impacts", held_out_seed(7, 0), {});
  Clip late = sample.clip;
  late.waveform = at::cat({late.waveform.slice(1, 0, 640), late.waveform.slice(1, 0, late.waveform.size(1) - 640)}, 1);
  const SyncResult sync = measure_sync(late);
  REQUIRE(!sync.impact_to_onset.empty());
  for (const Match& match : sync.impact_to_onset)
    CHECK(match.offset.value_or(1) == doctest::Approx(0.040).epsilon(0.05));
  CHECK(sync.median_offset().value_or(1) == doctest::Approx(0.040).epsilon(0.05));
}

TEST_CASE("films without events, colour or sound are no accident") {
  Clip grey{at::full({49, 96, 96, 3}, 128, at::kByte), 24, at::zeros({1, 32768}), 16000};
  const SyncResult sync = measure_sync(grey);
  CHECK(sync.objects.empty());
  CHECK(sync.impacts.empty());
  CHECK(sync.onsets.empty());
  CHECK(!sync.median_offset());
  grey.waveform = Tensor();
  CHECK_THROWS_AS(measure_sync(grey), ShapeError);
  CHECK_THROWS_AS(find_objects(at::zeros({2, 8, 8, 3}), 24), ShapeError);
}

TEST_CASE("a film with coloured speckles and no object has no objects, and can be measured") {
  Tensor frames = at::full({9, 32, 32, 3}, 128, at::kByte);
  frames[4][10][20][0] = 255;  // one red pixel of one picture
  CHECK(find_objects(frames, 24).empty());
  const Clip clip{frames, 24, at::zeros({1, 6144}), 16000};
  CHECK(measure_sync(clip).impacts.empty());
}
