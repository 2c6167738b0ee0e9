// Figures against hand-computed cases, chance levels, and the report.
#include "phonofilm/eval/togetherness.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <stack>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/random.h"
#include "phonofilm/eval/instruments.h"
#include "phonofilm/eval/report.h"
#include "phonofilm/eval/svg_plot.h"
#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::eval;

namespace {

WorldEvalOptions small(std::int64_t count) {
  WorldEvalOptions options;
  options.count = count;
  options.other_seeds = 2;
  return options;
}

// "Generated": the rendered film with its sound 30 ms late.
Clip late_film(const world::Sample& sample, std::uint64_t) {
  Clip clip = sample.clip;
  clip.waveform = at::cat({clip.waveform.slice(1, 0, 480), clip.waveform.slice(1, 0, clip.waveform.size(1) - 480)}, 1);
  return clip;
}

const WorldReport& example() {
  static const WorldReport kReport = evaluate_world(
      small(6), {}, late_film, [](const Clip& clip) { return clip; }, ignore_progress,
      [](const std::string& name, const Clip&) { return "films/" + name + ".mp4"; });
  return kReport;
}

// Every opened element is closed in order; void elements and the doctype aside.
bool balanced(const std::string& html) {
  std::stack<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = html.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" \n"));
    if (name == "!DOCTYPE" || name == "meta" || name == "br" || tag.back() == '/') continue;
    if (name[0] != '/') {
      open.push(name);
    } else {
      if (open.empty() || open.top() != name.substr(1)) return false;
      open.pop();
    }
  }
  return open.empty();
}

}  // namespace

TEST_CASE("medians, shares and the bootstrap agree with hand-computed cases") {
  CHECK(median_of({}) == 0);
  CHECK(median_of({3, 1, 2}) == 2);
  CHECK(median_of({4, 1, 3, 2}) == 2.5);
  CHECK(share_within({-10, 5, 25, 26}, 25) == 0.75);
  const std::vector<Values> films{{1, 2}, {3}, {4, 5, 6}};
  const Estimate mean = bootstrap(films, mean_of, 1);
  CHECK(mean.value == doctest::Approx(3.5));
  CHECK(mean.low >= 1.5);
  CHECK(mean.low < 3.5);
  CHECK(mean.high > 3.5);
  CHECK(mean.high <= 5);
  const Estimate again = bootstrap(films, mean_of, 1);
  CHECK(again.low == mean.low);
  CHECK(again.high == mean.high);
  const Estimate constant = bootstrap({{2}, {2}, {2}}, mean_of, 1);
  CHECK(constant.low == 2);
  CHECK(constant.high == 2);
  CHECK(bootstrap({{}, {}, {1}, {1}}, mean_of, 1).low == 1);  // films without values say nothing
  CHECK(std::isnan(bootstrap({{}, {}}, mean_of, 1).value));
}

TEST_CASE("films in which nothing sounds miss the targets of their sounds") {
  const auto silent = [](const world::Sample& sample, std::uint64_t) {
    Clip clip = sample.clip;
    clip.waveform = at::zeros_like(clip.waveform);
    return clip;
  };
  const WorldReport report = evaluate_world(small(4), {}, silent, {}, ignore_progress);
  CHECK(report.group("generated")->onset_to_impact.events == 0);
  int of_sounds = 0;
  for (const Check& check : report.checks) {
    if (check.group != "generated" || check.figure.find("sound to picture") == std::string::npos) continue;
    INFO(check.figure);
    CHECK(std::isnan(check.value));
    CHECK(!check.passed());
    ++of_sounds;
  }
  CHECK(of_sounds == 3);
  CHECK(to_json(report).dump().find("\"value\":null") != std::string::npos);
}

TEST_CASE("the bootstrap interval of a mean covers as the textbook says") {
  Random random(5);
  std::vector<Values> films;
  for (int i = 0; i < 400; ++i) films.push_back({random.normal()});
  const Estimate mean = bootstrap(films, mean_of, 1);
  CHECK(mean.high - mean.low == doctest::Approx(2 * 1.96 / 20).epsilon(0.1));
}

TEST_CASE("failed events enter every figure of a direction") {
  const OffsetStatistics offsets = offset_statistics({{{-0.005, 0.020}, 1}, {{0.060}, 0}}, 0.25, 1);
  CHECK(offsets.events == 4);
  CHECK(offsets.matched == 3);
  CHECK(offsets.median_ms.value == doctest::Approx(40));
  CHECK(offsets.mean_ms == doctest::Approx((5 + 20 + 60 + 250) / 4.0));
  CHECK(offsets.bias_ms == doctest::Approx(20));
  CHECK(offsets.within_10.value == 0.25);
  CHECK(offsets.within_25.value == 0.5);
  CHECK(offsets.within_80.value == 0.75);
}

TEST_CASE("events are matched to the nearest within the radius, in both directions") {
  SyncResult sync;
  sync.impacts.resize(2);
  sync.impacts[0].time = 0.5, sync.impacts[1].time = 1.5;
  sync.onsets = {{0.48, 1, 5}, {0.60, 1, 5}, {0.95, 1, 5}, {2.03, 1, 5}};
  match_events(sync, visible_span(49, 24), 2.048);
  REQUIRE(sync.impact_to_onset.size() == 2);
  CHECK(sync.impact_to_onset[0].offset.value() == doctest::Approx(-0.02));
  CHECK(!sync.impact_to_onset[1].offset);
  REQUIRE(sync.onset_to_impact.size() == 3);  // the fourth is later than the picture can show
  CHECK(sync.onset_to_impact[1].offset.value() == doctest::Approx(0.10));
  CHECK(!sync.onset_to_impact[2].offset);
  CHECK(sync.median_offset().value() == doctest::Approx(0.10));
}

TEST_CASE("true events are matched one to one") {
  const TruthMatch match = match_truth({1.0, 1.1, 2.0}, {1.04, 1.06, 1.5});
  CHECK(match.found.offsets.size() == 2);
  CHECK(match.found.failed == 1);
  CHECK(match.false_events == 1);
}

TEST_CASE("balls of wrong colours are told apart by where they are, and sounds without a strike belong to none") {
  int exchanged = 0;  // where the one on the right is the larger, which comes first among what is seen
  Instruments instruments("");
  for (std::int64_t i = 0; i < 12; ++i) {
    world::Sample sample = world::render("hard_impacts", held_out_seed(8, i), {});
    if (sample.truth.objects.size() != 2) continue;
    const std::vector<world::Object> drawn = sample.truth.objects;
    for (world::Object& object : sample.truth.objects) object.color = "none";
    const FilmMeasure film = measure_film(sample.truth, sample.clip, instruments.materials(), /*depicts_truth=*/false);
    REQUIRE(film.sync.objects.size() == 2);
    for (std::size_t o = 0; o < 2; ++o) CHECK(film.objects[o].color_seen == drawn[o].color);
    exchanged += film.objects[0].track == 1;
    CHECK(film.seconds == doctest::Approx(sample.clip.audio_seconds()));
    sample.clip.frames = at::zeros_like(sample.clip.frames);
    for (const ObjectScore& object :
         measure_film(sample.truth, sample.clip, instruments.materials(), /*depicts_truth=*/false).objects) {
      CHECK(object.strikes == 0);
    }
  }
  CHECK(exchanged > 0);
}

TEST_CASE("captions tell counts in many wordings") {
  CHECK(counts_told("a red wood ball drops and hops") == 0);
  CHECK(counts_told("a red wood ball bounces once, then rests") == 1);
  CHECK(counts_told("a red ball bounces one time, a blue glass ball strikes the floor three times") == 2);
}

TEST_CASE("an evaluation sees what was done to the films") {
  const WorldReport& report = example();
  CHECK(report.groups.size() == 5);
  const GroupReport& generated = *report.group("generated");
  CHECK(generated.impact_to_onset.median_ms.value == doctest::Approx(30).epsilon(0.03));
  CHECK(generated.impact_to_onset.bias_ms == doctest::Approx(30).epsilon(0.03));
  CHECK(generated.impact_to_onset.within_25.value == 0);
  CHECK(generated.impact_to_onset.within_50.value == 1);
  CHECK(generated.labels->count_exact.value == 1);
  CHECK(!generated.picture);
  CHECK(report.group("codec_round_trip")->picture->offsets.matched > 0);
  CHECK(report.group("same_caption_other_seed")->films.size() == 4);
  CHECK(!report.group("shuffled")->labels);
  for (const Check& check : report.checks) {
    INFO(check.group, " ", check.figure, " ", check.value);
    if (check.group != "generated") CHECK(check.passed());
  }
}

TEST_CASE("films that keep a half of the held-out ones are held against their truth") {
  WorldEvalOptions options = small(2);
  options.keeps_half = true;
  const WorldReport balls = evaluate_world(options, {}, late_film, {}, ignore_progress);
  const GroupReport& generated = *balls.group("generated");
  REQUIRE(generated.picture);
  CHECK(generated.picture->offsets.median_ms.value < 1);
  CHECK(generated.sound->offsets.median_ms.value == doctest::Approx(30).epsilon(0.03));

  options.scene = "lamp";
  const auto has_error = [&] {
    const WorldReport report = evaluate_world(options, {}, late_film, {}, ignore_progress);
    return report.scenes.at(0).group("generated")->figure("beep, error") != nullptr;
  };
  CHECK(has_error());
  options.keeps_half = false;
  CHECK_FALSE(has_error());
}

TEST_CASE("the sound of another film is far from together") {
  const WorldReport report = evaluate_world(small(24), {}, {}, {}, ignore_progress);
  CHECK(report.groups.size() == 2);
  const GroupReport& shuffled = *report.group("shuffled");
  for (const OffsetStatistics* offsets : {&shuffled.impact_to_onset, &shuffled.onset_to_impact}) {
    CHECK(offsets->within_25.value < 0.3);
    CHECK(offsets->within_25.high < 0.5);
    CHECK(offsets->median_ms.value > 50);
  }
}

TEST_CASE("an evaluation is deterministic and can be stopped") {
  const auto stop = [](const ProgressEvent& event) { return event.done < 3; };
  const WorldReport once = evaluate_world(small(8), {}, {}, {}, stop);
  CHECK(!once.complete);
  CHECK(once.group("ground_truth")->films.size() == 3);
  CHECK(to_json(once).dump() == to_json(evaluate_world(small(8), {}, {}, {}, stop)).dump());
  CHECK_THROWS_AS(evaluate_world(small(8), {}, {}, {}, [](const ProgressEvent&) { return false; }), Cancelled);
}

TEST_CASE("the report is valid JSON and one self-contained page") {
  const test::TemporaryFolder folder;
  WorldReport report = example();
  report.groups[2].films[0].truth.caption = "a <b>\"bold\"</b> caption & more";
  write_report(folder.file("report"), report, {{"model", "models/<mini>"}});
  const auto json = nlohmann::json::parse(read_file(folder.file("report/report.json")));
  CHECK(json.at("groups").size() == 5);
  CHECK(json.at("circumstances").at("model") == "models/<mini>");
  CHECK(json.at("groups")[0].at("films")[0].at("sync").at("impacts").is_array());
  const std::string page = read_file(folder.file("report/index.html"));
  CHECK(balanced(page));
  CHECK(page.find("a &lt;b&gt;&quot;bold&quot;&lt;/b&gt; caption &amp; more") != std::string::npos);
  CHECK(page.find("src=\"films/generated_000.mp4\"") != std::string::npos);
  CHECK(page.find("http") == std::string::npos);
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("n/a") == std::string::npos);
}

TEST_CASE("numbers and text are safe in plots") {
  CHECK(fixed(-0.04, 1) == "0.0");
  CHECK(fixed(-0.06, 1) == "-0.1");
  CHECK(fixed(NAN, 1) == "n/a");
  CHECK(balanced(cumulative_plot({{"a<b", "x", {1, 2, 300}}}, 150, {25}, "ms")));
  CHECK(balanced(histogram_plot({"a", "x", {}}, 60, 48, "ms")));
}
