// A long film: do picture and sound drift apart, and does it show where its parts were joined?
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/eval/sync.h"
#include "phonofilm/tensor/clip.h"

namespace phonofilm::eval {

// The strikes and onsets of one stretch of a film, each against the nearest of the other kind.
struct DriftBin {
  double start = 0, end = 0;   // seconds
  std::int64_t events = 0;
  double median_ms = 0;        // of the absolute offset, unmatched events at kSearchRadius; 0 without events
  double within_50 = 0;        // share of the events
};
// Stretches of `width` seconds, the last one shorter, over a film of `seconds`.
std::vector<DriftBin> drift_of(const SyncResult& sync, double seconds, double width = 2);

// What happens at a joint, and which share of all other moments of the film has a smaller step: 1 is a step that no
// other moment reaches.
struct SeamStep {
  double time = 0;                              // seconds
  double loudness_db = 0, loudness_rank = 0;  // between the 50 ms before and after, the most within 10 ms of the joint
  double picture = 0, picture_rank = 0;         // mean absolute difference of the two frames around it, levels of 255
};
// clip: with picture and sound. Throws ShapeError without one of them, InvalidRequest for a joint outside of the film.
std::vector<SeamStep> seams_of(const Clip& clip, const std::vector<double>& joints);

struct LongFilm {
  std::vector<DriftBin> drift;
  std::vector<SeamStep> seams;
};
nlohmann::json to_json(const LongFilm& film);
// A page of its own with both tables.
std::string long_film_page(const LongFilm& film, const std::string& title);

}  // namespace phonofilm::eval
