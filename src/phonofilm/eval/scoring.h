// One film against the truth that its caption describes: colours, materials, counts, and (for films that depict the
// very events of the truth) every event.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/eval/material.h"
#include "phonofilm/eval/statistics.h"
#include "phonofilm/eval/sync.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::eval {

// One object of the truth and what was found of it.
struct ObjectScore {
  std::int64_t track = -1;  // index into SyncResult::objects, -1 if nothing was found for it
  std::string color, color_seen;
  std::string material, material_heard;     // heard: by vote of its strikes, "" if none was heard
  std::int64_t strikes = 0, strikes_right = 0;  // heard strikes, and those of the right material
  std::int64_t floor_strikes = 0, floor_strikes_seen = 0;
  bool count_told = false;  // the caption says how often
};

// Events of the truth against those found in one modality.
struct TruthMatch {
  FilmOffsets found;             // found time minus true time, seconds; failed: true events that were not found
  std::int64_t false_events = 0;  // found, but not in the truth
};

// Films that depict other events than the truth (generated ones) have no matches with it.
struct FilmMeasure {
  world::Truth truth;
  SyncResult sync;
  std::vector<std::optional<MaterialGuess>> heard;  // one per onset
  std::vector<ObjectScore> objects;                 // one per object of the truth
  std::optional<TruthMatch> picture, sound;
  std::string file;  // of the film, relative to the report; may be empty
  double seconds = 0;  // of the picture or of the sound, whichever is longer
};

// depicts_truth: the film shows the events of `truth` themselves (rendered, or a round trip through a codec).
FilmMeasure measure_film(const world::Truth& truth, const Clip& clip, const MaterialClassifier& materials,
                         bool depicts_truth);

// Indices of times that belong together: one-to-one, nearest pairs first, none further apart than `radius` seconds.
std::vector<std::pair<std::size_t, std::size_t>> nearest_pairs(const std::vector<double>& a, const std::vector<double>& b,
                                                               double radius);

// By nearest_pairs.
TruthMatch match_truth(const std::vector<double>& truth, const std::vector<double>& found, double radius = 0.08);

// How many counts ("once", "three times") a caption tells.
std::int64_t counts_told(const std::string& caption);

nlohmann::json to_json(const FilmMeasure& film);

}  // namespace phonofilm::eval
