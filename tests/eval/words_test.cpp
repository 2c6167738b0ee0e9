// Words and voices of rendered speech, as it is, worn, and not as it was told.
#include "phonofilm/eval/words.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/eval/discriminant.h"
#include "phonofilm/eval/togetherness.h"
#include "phonofilm/eval/voices.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/world/speech/speech.h"
#include "phonofilm/world/world.h"

using namespace phonofilm;
using namespace phonofilm::eval;

namespace {

Instruments& instruments() {
  static Instruments kInstruments(PHONOFILM_SOURCE_DIR "/models/rulers/recogniser");
  return kInstruments;
}

Tensor hissing(const Tensor& wave, std::uint64_t seed) {
  return 0.4 * wave + 0.002 * randn(wave.sizes().vec(), make_generator(seed));
}

// What a codec of mels does, and worse: a blur over time and frequency, by a filter and by overlapping echoes.
Tensor smeared(const Tensor& wave, std::uint64_t seed) {
  const Tensor window = at::hann_window(9, /*periodic=*/false).reshape({1, 1, 9});
  const Tensor soft = at::conv1d(at::pad(wave.unsqueeze(0), {4, 4}), window / window.sum()).squeeze(0);
  const Tensor late = at::cat({soft.slice(1, 0, 120) * 0, soft.slice(1, 0, soft.size(1) - 120)}, 1);
  return 0.6 * wave + 0.3 * soft + 0.3 * late + 0.001 * randn(wave.sizes().vec(), make_generator(seed));
}

// The means of the readings of `count` films, whose sound is passed through `wear`.
template <class Wear>
std::map<std::string, double> means(const std::string& scene, std::int64_t count, const Wear& wear) {
  Readings readings;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t seed = held_out_seed(11, i);
    const world::Truth truth = world::truth_of(scene, seed, {});
    read_words(wear(world::render_sound(scene, seed, {}), std::uint64_t(i)), 16000, truth, instruments(), readings);
  }
  std::map<std::string, double> result;
  for (const auto& [name, values] : readings) result[name] = mean_of(values);
  return result;
}

Tensor as_it_is(const Tensor& wave, std::uint64_t) { return wave; }

}  // namespace

TEST_CASE("the pitch of a tone is followed, and noise has none") {
  std::vector<double> tone, noise;
  Random random(1);
  for (int n = 0; n < 8000; ++n) {
    const double turn = 2 * std::numbers::pi * 140 * n / 16000.0;
    tone.push_back(0.3 * std::sin(turn) + 0.3 * std::sin(2 * turn) + 0.2 * std::sin(3 * turn));
    noise.push_back(random.uniform(-1, 1));
  }
  for (const double pitch : pitch_track(tone, 16000)) CHECK(pitch == doctest::Approx(140).epsilon(0.02));
  double clear = 0;
  for (const double pitch : pitch_track(noise, 16000)) clear += pitch > 0;
  CHECK(clear < 3);
  CHECK(!voice_features(at::zeros({1, 16000}), 16000));
}

TEST_CASE("classes are told apart by the direction in which they differ") {
  Random random(2);
  std::vector<std::vector<Features>> classes(2);
  for (int i = 0; i < 200; ++i) {
    for (std::size_t c = 0; c < 2; ++c) classes[c].push_back({10 * random.normal(), 0.5 * random.normal() + double(c)});
  }
  const LinearDiscriminant discriminant(classes, 1e-6);
  CHECK(discriminant.classify({30, -0.2}).index == 0);
  CHECK(discriminant.classify({-30, 1.2}).index == 1);
  CHECK(discriminant.classify({0, 1.5}).confidence > discriminant.classify({0, 0.6}).confidence);
}

TEST_CASE("lines are told in the order in which they are said" * doctest::skip(!world::speech_available())) {
  for (std::uint64_t seed = 1; seed < 8; ++seed) {
    const world::Truth truth = world::truth_of("two_talkers", seed, {});
    const std::vector<ToldLine> lines = told_lines(truth);
    REQUIRE(lines.size() == 2);
    const std::size_t first = truth.caption.find(lines[0].words[0]), second = truth.caption.rfind(lines[1].words[0]);
    CHECK(first < second);
    CHECK(lines[0].voice != lines[1].voice);
  }
}

TEST_CASE("words and voices of rendered speech are known" * doctest::skip(!world::speech_available())) {
  auto found = means("talker", 24, as_it_is);
  CHECK(found["words right"] >= 95);
  CHECK(found["word error rate"] <= 6);
  CHECK(found["voice right"] >= 91);
  CHECK(found.at("voice's pitch off by") <= 0.5);
  found = means("talker_new_voices", 16, as_it_is);
  CHECK(found["words right"] >= 90);
  CHECK(found["voice right"] >= 87);
  found = means("two_talkers", 16, as_it_is);
  CHECK(found["words right"] >= 92);
  CHECK(found["line right in its voice"] >= 80);
}

TEST_CASE("hiss and faintness do not change what is heard" * doctest::skip(!world::speech_available())) {
  auto found = means("talker", 16, hissing);
  CHECK(found["words right"] >= 90);
  CHECK(found["voice right"] >= 80);
  found = means("talker_new_voices", 16, smeared);
  CHECK(found["words right"] >= 90);
  CHECK(found["voice right"] >= 80);
}

TEST_CASE("silence, noise and other words are no success" * doctest::skip(!world::speech_available())) {
  auto found = means("talker", 8, [](const Tensor& wave, std::uint64_t) { return at::zeros_like(wave); });
  CHECK(found["words right"] == 0);
  CHECK(found["voice right"] == 0);
  found = means("talker", 8,
                [](const Tensor& wave, std::uint64_t i) { return 0.1 * randn(wave.sizes().vec(), make_generator(i)); });
  CHECK(found["words right"] < 10);
  found = means("talker", 12, [](const Tensor&, std::uint64_t i) {
    return world::render_sound("talker", held_out_seed(12, std::int64_t(i)), {});
  });
  CHECK(found["words right"] < 30);
  CHECK(found["word error rate"] > 60);
  CHECK(found["voice right"] < 50);
  CHECK(found.at("voice's pitch off by") > 2);
}

TEST_CASE("a line that is half said is compared with voices that say that half" * doctest::skip(!world::speech_available())) {
  Readings whole, half;
  for (std::int64_t i = 0; i < 8; ++i) {
    const std::uint64_t seed = held_out_seed(14, i);
    world::Truth truth = world::truth_of("two_talkers", seed, {});
    const Tensor wave = world::render_sound("two_talkers", seed, {});
    read_words(wave, 16000, truth, instruments(), whole);
    for (auto& span : truth.spans) {
      if (span.kind == "line") span.label = "wait fish " + span.label;  // told, and not said
    }
    read_words(wave, 16000, truth, instruments(), half);
  }
  CHECK(mean_of(half["words right"]) < 70);
  CHECK(mean_of(half["voice right"]) == doctest::Approx(mean_of(whole["voice right"])).epsilon(0.1));
  CHECK(mean_of(half["line right in its voice"]) == 0);
}

TEST_CASE("two talkers who change voices have the wrong ones" * doctest::skip(!world::speech_available())) {
  Readings right, swapped;
  for (std::int64_t i = 0; i < 6; ++i) {
    const std::uint64_t seed = held_out_seed(13, i);
    world::Truth truth = world::truth_of("two_talkers", seed, {});
    const Tensor wave = world::render_sound("two_talkers", seed, {});
    read_words(wave, 16000, truth, instruments(), right);
    std::swap(truth.objects[0].details["voice"], truth.objects[1].details["voice"]);
    read_words(wave, 16000, truth, instruments(), swapped);
  }
  CHECK(mean_of(right["line right in its voice"]) > 70);
  CHECK(mean_of(swapped["line right in its voice"]) < 10);
  CHECK(mean_of(swapped["words right"]) == mean_of(right["words right"]));
}

TEST_CASE("without a recogniser words are left out, and a folder that holds none is an error" *
          doctest::skip(!world::speech_available())) {
  Instruments none;
  Readings readings;
  const world::Truth truth = world::truth_of("talker", 1, {});
  read_words(world::render_sound("talker", 1, {}), 16000, truth, none, readings);
  CHECK(readings.count("words right") == 0);
  CHECK(readings.count("voice right") == 1);
  CHECK_THROWS_AS(Instruments("no/such/folder").recogniser(), CheckpointError);
}
