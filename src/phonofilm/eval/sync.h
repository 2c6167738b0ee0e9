// Do picture and sound belong together? Strikes seen against onsets heard, without looking at latents or captions.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "phonofilm/eval/motion.h"
#include "phonofilm/eval/objects.h"
#include "phonofilm/eval/onsets.h"
#include "phonofilm/tensor/clip.h"

namespace phonofilm::eval {

// An event of one modality and the signed way to the nearest event of the other: onset minus impact, in seconds,
// so that positive means the sound is late. None where the other modality has nothing within the search radius.
struct Match {
  double time = 0;
  std::optional<double> offset;
};

inline constexpr double kSearchRadius = 0.25;  // seconds; an event without a match counts with this offset

struct SyncResult {
  std::vector<Track> objects;
  std::vector<Impact> impacts;          // strikes seen, in order of time
  std::vector<Onset> onsets;            // onsets heard, in order of time
  std::vector<Match> impact_to_onset;   // one per impact that lies within the sound
  std::vector<Match> onset_to_impact;   // one per onset at which the picture could show a strike

  // Median absolute offset in seconds over both directions, failed matches counted as kSearchRadius; none when
  // nothing was seen and heard at all.
  std::optional<double> median_offset() const;
};

// A strike needs frames before and after it to be seen; onsets outside this span are not held against the picture.
struct Span {
  double first = 0, last = 0;  // seconds
};
Span visible_span(std::int64_t frames, double fps);

// Needs a picture and a sound; throws ShapeError otherwise.
SyncResult measure_sync(const Clip& clip);

// The two directions for given events; used to pair the picture of one film with the sound of another.
void match_events(SyncResult& result, Span visible, double audio_seconds);

// {"median_offset_ms", "impacts": [{"time", "surface", "object", "color", "speed", "offset_ms", ...}], "onsets": [...]}
nlohmann::json to_json(const SyncResult& result);

}  // namespace phonofilm::eval
