// The rulers of the scenes with speech, tunes, light and motion, against films whose truth is exact.
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "eval/worn_pictures.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/eval/bar_lights.h"
#include "phonofilm/eval/lamp.h"
#include "phonofilm/eval/passing.h"
#include "phonofilm/eval/report.h"
#include "phonofilm/eval/scene_evaluation.h"
#include "phonofilm/eval/scene_page.h"
#include "phonofilm/eval/series.h"
#include "phonofilm/eval/speech.h"
#include "phonofilm/eval/tune.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/world/speech/speech.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::eval;

namespace {

// Blurs the picture (3 x 3 twice), leaks a tenth of either neighbour into every frame, adds noise and hiss: what a
// codec does to a film, and worse.
Clip worn(const Clip& clip, std::uint64_t seed) {
  const at::Generator noise = make_generator(seed);
  const Tensor frames = test::worn_pictures(clip.frames, noise);
  Clip result = clip;
  result.frames = test::as_pictures(frames);
  result.waveform = clip.waveform + 0.001 * randn(clip.waveform.sizes().vec(), noise);
  return result;
}

enum class Wear { none, codec };

// Learnt once for all cases of this file.
Instruments& instruments() {
  static Instruments kInstruments(PHONOFILM_SOURCE_DIR "/models/rulers/recogniser");
  return kInstruments;
}

// The figures of `count` films of a scene as rendered ("ground_truth") and with the sound of another ("shuffled").
SceneReport measure(const std::string& scene, std::int64_t count, Wear wear = Wear::none) {
  SceneEvaluation evaluation(instruments());
  world::RenderOptions options;
  options.channels = scene == "car" ? 2 : 1;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto sample = world::render(scene, held_out_seed(3, i), options);
    const Clip clip = wear == Wear::codec ? worn(sample.clip, std::uint64_t(i)) : sample.clip;
    evaluation.add("ground_truth", sample.truth, clip, /*depicts_truth=*/true, "");
    evaluation.add_shuffled(sample.truth, clip);
  }
  return evaluation.reports(/*seed=*/1).at(0);
}

double value(const SceneReport& report, const std::string& group, const std::string& figure) {
  const SceneGroup* found = report.group(group);
  REQUIRE_MESSAGE(found, "no group ", group);
  REQUIRE_MESSAGE(found->figure(figure), "no figure ", group, " ", figure);
  return found->figure(figure)->estimate.value;
}

// Every figure that rendered films are held to has been measured, and reaches its target.
void check_targets(const SceneReport& report) {
  for (const FigureSpec& spec : report.specs) {
    if (spec.truth_target) CHECK_MESSAGE(report.group("ground_truth")->figure(spec.name), "not measured: ", spec.name);
  }
  const std::vector<Check> checks = check_scene(report);
  for (const Check& check : checks) {
    INFO(check.group, " ", check.figure, " ", check.value, " target ", check.target);
    CHECK(check.passed());
  }
}

Series sine(double step, double seconds, double phase) {
  Series series{step, {}};
  for (double t = 0; t < seconds; t += step) series.values.push_back(std::sin(2 * std::numbers::pi * t + phase));
  return series;
}

}  // namespace

TEST_CASE("a lag is found between frames, with its sign") {
  // Heard 0.033 s later than seen: sin(2 pi (t - 0.033)).
  const auto lag = best_lag(sine(1 / 24.0, 2, 0), sine(0.005, 2.5, -2 * std::numbers::pi * 0.033));
  REQUIRE(lag);
  CHECK(lag->seconds == doctest::Approx(0.033).epsilon(0.03));
  CHECK(lag->correlation > 0.99);
  CHECK(!best_lag(sine(1 / 24.0, 2, 0), {0.005, std::vector<double>(400, 1.0)}));
  CHECK(correlation({1, 2, 3}, {3, 2, 1}) == doctest::Approx(-1));
  CHECK(correlation({1, 2, 3}, {5, 5, 5}) == 0);
}

TEST_CASE("captions tell bars and who speaks first") {
  CHECK(bars_told("a mallet plays bars two six one of a xylophone") == std::vector<std::int64_t>{1, 5, 0});
  CHECK(bars_told("a xylophone with bars of six colors plays two notes").empty());
  CHECK(first_speaker_told("on the right a man says hi, on the left a girl answers") == std::optional<std::size_t>(1));
  CHECK(first_speaker_told("a girl on the left says hi, a man on the right answers") == std::optional<std::size_t>(0));
  CHECK(!first_speaker_told("a man says hi and a woman answers"));
}

TEST_CASE("a new note is heard beside one that rings on") {
  std::vector<double> wave;
  for (int n = 0; n < 8000; ++n) {
    const double t = n / 16000.0, turn = 2 * std::numbers::pi * t;
    wave.push_back(0.3 * std::exp(-t / 0.4) * std::sin(523 * turn) + (t < 0.25 ? 0 : 0.2 * std::sin(659 * turn)));
  }
  REQUIRE(new_pitch(wave, 16000, 0.25));
  CHECK(*new_pitch(wave, 16000, 0.25) == doctest::Approx(659).epsilon(0.003));
  CHECK(!new_pitch(std::vector<double>(8000, 0.0), 16000, 0.25));
}

TEST_CASE("edges cross the middle") {
  const Edges edges = edges_of({0.1, {0, 0, 1, 1, 1, 0.2, 0}}, 0.5);
  REQUIRE(edges.on.size() == 1);
  REQUIRE(edges.off.size() == 1);
  CHECK(edges.on[0] == doctest::Approx(0.15));
  CHECK(edges.off[0] == doctest::Approx(0.4625));
  CHECK(edges_of({0.1, {0, 0.1, 0}}, 0.5).on.empty());
}

TEST_CASE("edges are counted once, however a series wavers about its middle, and short dips are steadied away") {
  const Edges wavering = edges_of({0.1, {0, 0.48, 0.52, 0.45, 0.9, 0.48, 1, 0}}, 0.5);
  CHECK(wavering.on.size() == 1);
  CHECK(wavering.off.size() == 1);
  const Series dipped{0.01, {0, 0, 0, 0, 1, 1, 1, 1, 0.1, 1, 1, 1, 1, 1, 0, 0, 0, 0}};
  CHECK(edges_of(dipped, 0.5).on.size() == 2);
  const Edges steady = edges_of(steadied(dipped, 0.02), 0.5), plain = edges_of(smoothed(dipped, 0), 0.5);
  REQUIRE(steady.on.size() == 1);
  CHECK(steady.on[0] == doctest::Approx(plain.on[0]));
  CHECK(steady.off.back() == doctest::Approx(plain.off.back()));
}

TEST_CASE("a xylophone is struck where it sounds") {
  const SceneReport report = measure("xylophone", 8);
  check_targets(report);
  CHECK(value(report, "shuffled", "strike to onset") > 30);
  CHECK(value(report, "shuffled", "pitch of the bar struck") < 40);
  const SceneReport blurred = measure("xylophone", 6, Wear::codec);
  CHECK(value(blurred, "ground_truth", "strike to onset") < 5);
  CHECK(value(blurred, "ground_truth", "pitch of the bar struck") > 95);
}

TEST_CASE("bars are seen to light up when they are struck, and in a film in which nothing moves none does") {
  for (std::uint64_t i = 0; i < 6; ++i) {
    const auto sample = world::render("xylophone", held_out_seed(4, std::int64_t(i)), {});
    const std::vector<BarFlash> flashes = find_bar_flashes(Pictures(sample.clip.frames), sample.clip.fps);
    REQUIRE(flashes.size() == sample.truth.events.size());
    for (std::size_t k = 0; k < flashes.size(); ++k) {
      CHECK(flashes[k].bar == sample.truth.events[k].object);
      CHECK(std::abs(flashes[k].time - sample.truth.events[k].time) < 0.75 / sample.clip.fps);
      CHECK(flashes[k].rise > 0.5);
    }
  }
  const Tensor grey = at::full({20, 48, 48, 3}, 90, at::kByte);
  CHECK(find_bar_flashes(Pictures(grey), 24).empty());
}

TEST_CASE("bars that are struck in silence have no onset, and their pitch is not judged") {
  SceneEvaluation evaluation(instruments());
  for (std::int64_t i = 0; i < 4; ++i) {
    auto sample = world::render("xylophone", held_out_seed(3, i), {});
    sample.clip.waveform.zero_();
    evaluation.add("generated", sample.truth, sample.clip, /*depicts_truth=*/false, "");
  }
  const SceneReport report = evaluation.reports(1).at(0);
  CHECK(value(report, "generated", "strike and onset together") == 0);
  CHECK(report.group("generated")->figure("pitch of the bar struck") == nullptr);
}

TEST_CASE("a tone that sounds twice belongs to its strike once") {
  SceneEvaluation evaluation(instruments());
  for (std::int64_t i = 0; i < 4; ++i) {
    auto sample = world::render("xylophone", held_out_seed(3, i), {});
    const Tensor wave = sample.clip.waveform;
    const std::int64_t late = sample.clip.sample_rate * 6 / 100;
    sample.clip.waveform = wave + at::cat({wave.slice(1, 0, late) * 0, wave.slice(1, 0, wave.size(1) - late)}, 1);
    evaluation.add("generated", sample.truth, sample.clip, /*depicts_truth=*/false, "");
  }
  const SceneReport report = evaluation.reports(1).at(0);
  CHECK(value(report, "generated", "strike and onset together") < 65);
  CHECK(value(report, "generated", "strike and onset together") > 40);
}

TEST_CASE("every scene but those of falling balls and the mixtures has a ruler") {
  for (const std::string& scene : world::scene_names()) {
    const bool balls = scene == "impacts" || scene == "hard_impacts" || scene == "one_ball";
    const bool mixture = scene == "everything" || scene == "mostly_speech";
    CHECK_MESSAGE((find_ruler(scene) != nullptr) != (balls || mixture), scene);
  }
}

TEST_CASE("a figure that only some groups have is shown") {
  const std::vector<FigureSpec> specs{{"first", "ms"}, {"second", "%", Summary::mean}, {"third", ""}};
  SceneReport report{"lamp", specs, {}};
  report.groups.push_back(summarise_scene("ground_truth", specs, {{"a", 1, "", {{"third", {1}}}}}, 1));
  report.groups.push_back(summarise_scene("generated", specs, {{"a", 1, "", {{"second", {100, 0}}}}}, 1));
  REQUIRE(report.measured().size() == 2);
  CHECK(report.measured()[0].name == "second");
  CHECK(report.measured()[1].name == "third");
  CHECK(report.group("generated")->figure("second")->estimate.value == 50);
  CHECK(!report.group("generated")->figure("third"));
  CHECK(scene_sections({report}).find("second, %") != std::string::npos);
  CHECK_THROWS_AS(summarise_scene("no such group", specs, {}, 1), std::out_of_range);
}

TEST_CASE("a lamp beeps while it is lit") {
  check_targets(measure("lamp", 8));
  const SceneReport blurred = measure("lamp", 6, Wear::codec);
  CHECK(value(blurred, "ground_truth", "light on to beep on") < 20.8);
  CHECK(value(blurred, "shuffled", "light on to beep on") > 50);
}

TEST_CASE("a car sounds as it passes") {
  const SceneReport report = measure("car", 8);
  check_targets(report);
  CHECK(value(report, "shuffled", "loudest off nearest") > 40);
  CHECK(value(measure("car", 6, Wear::codec), "ground_truth", "side and course, correlation") > 0.9);
}

TEST_CASE("rain sounds as heavy as it looks") {
  const SceneReport report = measure("rain", 12);
  check_targets(report);
  CHECK(value(report, "shuffled", "drops and sound, correlation") < 0.7);
  CHECK(value(measure("rain", 8, Wear::codec), "ground_truth", "drops and sound, correlation") > 0.85);
}

TEST_CASE("a mouth goes with its voice" * doctest::skip(!world::speech_available())) {
  const SceneReport report = measure("talker", 10);
  check_targets(report);
  CHECK(value(report, "shuffled", "mouth and voice, correlation") < 0.5);
  CHECK(value(report, "shuffled", "voice off mouth") > 40);
  CHECK(value(report, "shuffled", "words right") < 40);
  CHECK(value(report, "shuffled", "voice right") < 50);
  const SceneReport blurred = measure("talker", 8, Wear::codec);
  CHECK(value(blurred, "ground_truth", "opening against truth, correlation") > 0.95);
  CHECK(value(blurred, "ground_truth", "mouth and voice, correlation") > 0.75);
}

TEST_CASE("a voice that is late is measured as late" * doctest::skip(!world::speech_available())) {
  SceneEvaluation evaluation(instruments());
  for (std::int64_t i = 0; i < 8; ++i) {
    const auto sample = world::render("talker", held_out_seed(3, i), {});
    const Tensor wave = sample.clip.waveform;
    Clip late = sample.clip;  // by 80 ms
    late.waveform = at::cat({wave.slice(1, wave.size(1) - 1280), wave.slice(1, 0, wave.size(1) - 1280)}, 1);
    evaluation.add("generated", sample.truth, late, /*depicts_truth=*/false, "");
  }
  const SceneReport report = evaluation.reports(1).at(0);
  CHECK(value(report, "generated", "voice behind mouth") == doctest::Approx(80).epsilon(0.2));
}

TEST_CASE("of two talkers the one who speaks is found" * doctest::skip(!world::speech_available())) {
  check_targets(measure("two_talkers", 12));  // of 24 lines one may sound nearer to another voice
  const SceneReport blurred = measure("two_talkers", 6, Wear::codec);
  CHECK(value(blurred, "ground_truth", "speaker found") > 95);
  CHECK(value(blurred, "ground_truth", "one mouth moves while a voice sounds") > 80);
  SceneEvaluation evaluation(instruments());
  auto sample = world::render("two_talkers", held_out_seed(3, 1), {});
  sample.clip.waveform.zero_();
  evaluation.add("generated", sample.truth, sample.clip, /*depicts_truth=*/false, "");
  CHECK(value(evaluation.reports(1).at(0), "generated", "one mouth moves while a voice sounds") == 0);
}

TEST_CASE("the shape of a mouth is read, and of another place it is not" * doctest::skip(!world::speech_available())) {
  const MouthReader& mouths = instruments().mouths();
  const auto sample = world::render("talker", held_out_seed(3, 1), {});
  const Pictures pictures(sample.clip.frames);
  const auto agreement = [&](const world::Figure& place) {
    const MouthCourse mouth = mouths.read(pictures, sample.clip.fps, place);
    std::vector<double> expected;
    for (std::size_t k = 0; k < mouth.shapes.size(); ++k) {
      expected.push_back(world::value_at(*world::find_track(sample.truth, "mouth opening"), double(k) / 24));
    }
    return correlation(mouth.opening.values, expected);
  };
  const world::Figure right = world::figures_of(1, 1)[0];
  CHECK(agreement(right) > 0.97);
  CHECK(agreement({right.x, right.y - 0.25, right.scale}) < 0.7);
  CHECK(mouth_shape_of("teeth on lip") == "narrow");
  CHECK(mouth_shape_of("beak").empty());
}

TEST_CASE("a report has the scenes of everything, each by itself" * doctest::skip(!world::speech_available())) {
  WorldEvalOptions options;
  options.scene = "everything";
  options.count = 14;
  const WorldReport report = evaluate_world(options, {}, {}, {}, ignore_progress);
  CHECK(report.scenes.size() >= 2);
  std::size_t films = report.groups.empty() ? 0 : report.groups[0].films.size();
  for (const SceneReport& scene : report.scenes) films += scene.groups.at(0).films.size();
  CHECK(films == 14);
  const test::TemporaryFolder folder;
  write_report(folder.file("report"), report, {});
  const auto json = nlohmann::json::parse(read_file(folder.file("report/report.json")));
  CHECK(json.at("scenes").size() == report.scenes.size());
  const std::string page = read_file(folder.file("report/index.html"));
  for (const SceneReport& scene : report.scenes) CHECK(page.find("Scene: " + scene.scene) != std::string::npos);
  CHECK(page.find("n/a") == std::string::npos);
  CHECK(page.find("Worst films") != std::string::npos);
}

TEST_CASE("what has no ruler and what is no film is refused") {
  SceneEvaluation evaluation(instruments());
  const auto sample = world::render("lamp", 1, {});
  world::Truth truth = sample.truth;
  CHECK_THROWS_AS(evaluation.add("generated", truth, {sample.clip.frames, 24, {}, 16000}, false, ""), ShapeError);
  truth.scene = "impacts";
  CHECK_THROWS_AS(evaluation.add("generated", truth, sample.clip, false, ""), InvalidRequest);
  CHECK_THROWS_AS(Pictures(at::zeros({2, 8, 8})), ShapeError);
}
