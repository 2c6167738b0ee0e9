#include "phonofilm/eval/togetherness.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/eval/scene_evaluation.h"

namespace phonofilm::eval {
namespace {

// The films of one run while it goes on.
struct Films {
  std::vector<FilmMeasure> truth, round_trip, generated, other_seed;
};

class Evaluation {
 public:
  Evaluation(const WorldEvalOptions& options, const world::RenderOptions& render, const KeepFilm& keep)
      : options_(options), render_(render), keep_(keep), instruments_(options.recogniser) {}

  // Renders, encodes, generates and measures the film of one held-out seed.
  void add_film(std::int64_t index, const GenerateFilm& generate, const RoundTrip& round_trip) {
    const auto sample = world::render(options_.scene, held_out_seed(options_.seed, index), render_);
    if (find_ruler(sample.truth.scene)) return add_scene_film(sample, index, generate, round_trip);
    films_.truth.push_back(measure("ground_truth", index, sample.truth, sample.clip, true));
    if (round_trip) {
      films_.round_trip.push_back(measure("codec_round_trip", index, sample.truth, round_trip(sample.clip), true));
    }
    if (!generate) return;
    films_.generated.push_back(
        measure("generated", index, sample.truth, make(generate, sample, "eval noise", index), options_.keeps_half));
    if (index < options_.other_seeds) {
      films_.other_seed.push_back(
          measure("other_seed", index, sample.truth, make(generate, sample, "eval other noise", index), false));
    }
  }

  // Of the scenes other than falling balls, each by itself.
  std::vector<SceneReport> scenes() const { return scenes_.reports(std::uint64_t(options_.seed)); }

  std::vector<GroupReport> groups() const {
    const auto seed = std::uint64_t(options_.seed);
    std::vector<GroupReport> groups;
    if (films_.truth.empty()) return groups;
    const auto add = [&](const char* name, std::vector<FilmMeasure> films, bool labelled) {
      if (!films.empty()) groups.push_back(summarise(name, std::move(films), labelled, seed));
    };
    add("ground_truth", films_.truth, true);
    add("codec_round_trip", films_.round_trip, true);
    add("generated", films_.generated, true);
    groups.push_back(summarise("shuffled", shuffled(), false, seed));
    add("same_caption_other_seed", same_caption(), false);
    return groups;
  }

 private:
  Clip make(const GenerateFilm& generate, const world::Sample& sample, const char* purpose, std::int64_t index) const {
    return generate(sample, mix_seed(std::uint64_t(options_.seed), purpose, std::uint64_t(index)));
  }

  // The path of a film that is kept, "" where none is.
  std::string kept(const std::string& group, std::int64_t index, const Clip& clip) const {
    const std::string number = std::to_string(index);
    const std::string zeros(3 - std::min<std::size_t>(3, number.size()), '0');
    return keep_ ? keep_(group + "_" + zeros + number, clip) : "";
  }

  FilmMeasure measure(const std::string& group, std::int64_t index, const world::Truth& truth, const Clip& clip,
                      bool depicts_truth) {
    FilmMeasure film = measure_film(truth, clip, instruments_.materials(), depicts_truth);
    film.file = kept(group, index, clip);
    return film;
  }

  void add_scene_film(const world::Sample& sample, std::int64_t index, const GenerateFilm& generate,
                      const RoundTrip& round_trip) {
    const auto add = [&](const char* group, const Clip& clip, bool depicts_truth) {
      scenes_.add(group, sample.truth, clip, depicts_truth, kept(group, index, clip));
    };
    add("ground_truth", sample.clip, true);
    if (round_trip) add("codec_round_trip", round_trip(sample.clip), true);
    if (!generate) return scenes_.add_shuffled(sample.truth, sample.clip);
    const Clip film = make(generate, sample, "eval noise", index);
    add("generated", film, options_.keeps_half);
    scenes_.add_shuffled(sample.truth, film);
    if (index >= options_.other_seeds) return;
    const Clip other = make(generate, sample, "eval other noise", index);
    scenes_.add_pair("same_caption_other_seed", sample.truth, film, other);
    scenes_.add_pair("same_caption_other_seed", sample.truth, other, film);
  }

  std::vector<FilmMeasure> shuffled() const {
    const std::vector<FilmMeasure>& films = films_.generated.empty() ? films_.truth : films_.generated;
    std::vector<FilmMeasure> pairs;
    const std::size_t shift = std::max<std::size_t>(1, films.size() / 2);
    for (std::size_t i = 0; i < films.size() && films.size() > 1; ++i) {
      pairs.push_back(pair_films(films[i], films[(i + shift) % films.size()], render_));
    }
    return pairs;
  }

  std::vector<FilmMeasure> same_caption() const {
    std::vector<FilmMeasure> pairs;
    for (std::size_t i = 0; i < films_.other_seed.size(); ++i) {
      pairs.push_back(pair_films(films_.generated[i], films_.other_seed[i], render_));
      pairs.push_back(pair_films(films_.other_seed[i], films_.generated[i], render_));
    }
    return pairs;
  }

  WorldEvalOptions options_;
  world::RenderOptions render_;
  KeepFilm keep_;
  Films films_;
  Instruments instruments_;
  SceneEvaluation scenes_{instruments_};
};

void check_offsets(std::vector<Check>& checks, const GroupReport& group, double median_ms, double within_25) {
  const auto add = [&](const char* direction, const OffsetStatistics& offsets) {
    checks.push_back(
        {group.name, std::string("median offset, ") + direction, offsets.median_ms.value, median_ms, true, "ms"});
    checks.push_back({group.name, std::string("within 25 ms, ") + direction, 100 * offsets.within_25.value, within_25,
                      false, "%"});
  };
  add("picture to sound", group.impact_to_onset);
  add("sound to picture", group.onset_to_impact);
}

void check_generated(std::vector<Check>& checks, const GroupReport& group) {
  check_offsets(checks, group, 12, 85);
  const auto add = [&](const char* figure, double share, double target) {
    checks.push_back({group.name, figure, 100 * share, target, false, "%"});
  };
  add("within 50 ms, picture to sound", group.impact_to_onset.within_50.value, 90);
  add("within 50 ms, sound to picture", group.onset_to_impact.within_50.value, 90);
  add("colour", group.labels->color.value, 95);
  add("material", group.labels->material.value, 95);
  add("floor strikes within one of the caption", group.labels->count_within_one.value, 90);
}

std::vector<Check> check_groups(const WorldReport& report) {
  std::vector<Check> checks;
  if (const GroupReport* truth = report.group("ground_truth")) check_offsets(checks, *truth, 2, 100);
  if (const GroupReport* codec = report.group("codec_round_trip")) {
    const OffsetStatistics& found = codec->picture->offsets;
    const double share = found.events > 0 ? double(found.matched) / double(found.events) : 0;
    checks.push_back({codec->name, "impacts found in the picture", 100 * share, 95, false, "%"});
    check_offsets(checks, *codec, 8, 95);
  }
  if (const GroupReport* generated = report.group("generated")) check_generated(checks, *generated);
  return checks;
}

}  // namespace

Fields WorldEvalOptions::fields() {
  return {{"count", &count, "held-out captions", 2, 100000},
          {"seed", &seed, "of the held-out set and of the noise", 0, 9e15},
          {"other_seeds", &other_seeds, "captions that get a second film, to measure what the caption alone fixes", 0,
           100000},
          {"scene", &scene, "of the rendered world", {}, {}, world::scene_names()},
          {"recogniser", &recogniser, "folder of the word recogniser; empty: words are not measured"}};
}

const GroupReport* WorldReport::group(const std::string& name) const {
  for (const GroupReport& group : groups) {
    if (group.name == name) return &group;
  }
  return nullptr;
}

std::uint64_t held_out_seed(std::int64_t seed, std::int64_t index) {
  return mix_seed(std::uint64_t(seed), "eval", std::uint64_t(index));
}

FilmMeasure pair_films(const FilmMeasure& picture, const FilmMeasure& sound, const world::RenderOptions& render) {
  FilmMeasure pair;
  pair.truth = picture.truth;
  pair.seconds = std::max(picture.seconds, sound.seconds);
  pair.sync.objects = picture.sync.objects;
  pair.sync.impacts = picture.sync.impacts;
  pair.sync.onsets = sound.sync.onsets;
  match_events(pair.sync, visible_span(render.frames, render.fps), double(render.samples) / double(render.sample_rate));
  return pair;
}

WorldReport evaluate_world(const WorldEvalOptions& options, const world::RenderOptions& render,
                           const GenerateFilm& generate, const RoundTrip& round_trip, const Observer& observer,
                           const KeepFilm& keep) {
  WorldReport report;
  report.options = options;
  Evaluation evaluation(options, render, keep);
  for (std::int64_t index = 0; index < options.count; ++index) {
    evaluation.add_film(index, generate, round_trip);
    if (observer({"evaluate", index + 1, options.count}) || index + 1 == options.count) continue;
    if (index < 1) throw Cancelled("eval", "stopped before two films were measured");
    report.complete = false;
    break;
  }
  report.groups = evaluation.groups();
  report.scenes = evaluation.scenes();
  report.checks = check_groups(report);
  for (const SceneReport& scene : report.scenes) {
    for (Check& check : check_scene(scene)) report.checks.push_back(std::move(check));
  }
  return report;
}

}  // namespace phonofilm::eval
