// How well picture and sound of generated films belong together, beside what a perfect film, the codec alone and
// chance would score. Every figure is found in picture and sound; latents are never looked at.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/base/fields.h"
#include "phonofilm/base/progress.h"
#include "phonofilm/eval/scene_report.h"
#include "phonofilm/eval/scoring.h"
#include "phonofilm/eval/statistics.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/world/world.h"

namespace phonofilm::eval {

struct WorldEvalOptions {
  std::int64_t count = 64;       // held-out captions
  std::int64_t seed = 1;         // of the held-out set and of the noise
  std::int64_t other_seeds = 16;  // captions for which a second film is generated, for the same-caption chance level
  std::string scene = "impacts";
  std::string recogniser;         // folder of a trained word recogniser; empty: words are not measured
  bool keeps_half = false;        // the films keep one half of the held-out ones, so the other ought to show their events, too
  Fields fields();                // all but keeps_half
};

// The film of a caption. `seed` is that of the noise; of the held-out film only what the model may be given is looked
// at: its caption, other words in the voices of its talkers, or one half that is to be kept.
using GenerateFilm = std::function<Clip(const world::Sample& held_out, std::uint64_t seed)>;
// Encodes and decodes picture and sound.
using RoundTrip = std::function<Clip(const Clip&)>;
// Stores a film under a name ("generated_007") and returns its path relative to the report, "" for none.
using KeepFilm = std::function<std::string(const std::string& name, const Clip&)>;

// Shares of the objects of all films of a group.
struct LabelStatistics {
  std::int64_t objects = 0, counts_told = 0;
  Estimate color, material;                // by object
  Estimate strike_material;                // by strike heard
  Estimate count_exact, count_within_one;  // floor strikes by object, where the caption tells them
  Estimate count_within_one_all;           // floor strikes by object, told or not
};

// Events of the truth against those found in one modality; offsets are found minus true.
struct TruthStatistics {
  OffsetStatistics offsets;
  std::int64_t false_events = 0;
};

// The impacts on one kind of thing ("metal", "floor").
struct BreakdownRow {
  std::string kind, name;  // kind: "material", "surface" or "objects"
  OffsetStatistics impact_to_onset;
};

struct GroupReport {
  std::string name, description;
  OffsetStatistics impact_to_onset, onset_to_impact;  // offset = sound minus picture
  std::int64_t silent_impacts = 0;   // seen, but nothing sounds within 80 ms ("missed")
  std::int64_t unseen_onsets = 0;    // heard, but nothing strikes within 80 ms ("false")
  std::optional<TruthStatistics> picture, sound;
  std::optional<LabelStatistics> labels;  // none for pairs of different films
  std::vector<BreakdownRow> breakdown;
  std::vector<FilmMeasure> films;
};

struct WorldReport {
  WorldEvalOptions options;
  std::vector<GroupReport> groups;   // of films of falling balls
  std::vector<SceneReport> scenes;   // of the other scenes, each by itself
  std::vector<Check> checks;
  bool complete = true;  // false when it was stopped early
  const GroupReport* group(const std::string& name) const;  // nullptr if it was not measured
};

// Groups: "ground_truth"; "codec_round_trip" with round_trip; "generated" and "same_caption_other_seed" with generate;
// "shuffled" (pictures and sounds of different films: generated ones, else rendered ones).
// Films of falling balls make up `groups`; every scene of scene_rulers.h has a report of its own with the same groups,
// where the sound of a shuffled pair is that of the film before. The scene "everything" has several.
// `render` gives size and length of the films. When the observer stops the work, the report covers what was done,
// or Cancelled is thrown if that is fewer than two films.
WorldReport evaluate_world(const WorldEvalOptions& options, const world::RenderOptions& render,
                           const GenerateFilm& generate, const RoundTrip& round_trip, const Observer& observer,
                           const KeepFilm& keep = {});

// The seed of held-out film i; no training purpose draws from the same stream.
std::uint64_t held_out_seed(std::int64_t seed, std::int64_t index);

// The figures of a group of groups.h from its films. `labelled`: the sound belongs to the picture's own caption.
GroupReport summarise(const std::string& name, std::vector<FilmMeasure> films, bool labelled, std::uint64_t seed);

// The picture of one film with the sound of another.
FilmMeasure pair_films(const FilmMeasure& picture, const FilmMeasure& sound, const world::RenderOptions& render);

nlohmann::json to_json(const WorldReport& report);

}  // namespace phonofilm::eval
