// Films that are longer than a model makes at once, and moments of films that are made again: which segments of the
// film the model makes, one after the other. Each segment begins with the last pictures of what stands before it, which
// it keeps. All numbers are pictures; a model makes lengths of a multiple of `patch` plus one, so that everything lies
// on whole latent frames.
#pragma once

#include <cstdint>
#include <vector>

namespace phonofilm::pipeline {

struct Segment {
  std::int64_t first = 0, frames = 0;  // on the film's time line
  std::int64_t kept = 0;               // of its first pictures those that are there already; 0 where it begins a film
  std::int64_t end() const { return first + frames; }
  bool operator==(const Segment&) const = default;
};

struct SegmentRules {
  std::int64_t shortest = 1, longest = 1;  // that the model makes; both are multiples of patch plus one
  std::int64_t patch = 4;                  // pictures of a latent frame
  std::int64_t overlap = 1;                // pictures that segments keep: a multiple of patch plus one, below `longest`
};

// The nearest length that is a multiple of patch plus one, the next below, and the next above; at least one.
std::int64_t nearest_length(const SegmentRules& rules, double pictures);
std::int64_t length_below(const SegmentRules& rules, double pictures);
std::int64_t length_above(const SegmentRules& rules, double pictures);

// Segments for pictures begin to total, of which those before `begin` are given. They are as long as possible and keep
// the overlap; where little would be left for the last, the one before it is shortened, so that the last need not keep
// more than the overlap to be long enough. total: where begin is 0 a multiple of patch plus one, else as much as that
// beyond begin as is a multiple of patch. Throws InvalidRequest where the beginning and what is to be added are together
// shorter than the model's shortest film.
std::vector<Segment> plan_segments(const SegmentRules& rules, std::int64_t begin, std::int64_t total);

// The one segment in which pictures first to last (exclusive) of a film of `total` are made again: as long as possible,
// with the moment in its middle where the film's ends allow it. A picture or more is kept, and with it the sound that the
// new one is faded into, on each side of the moment that is inside the film. Throws InvalidRequest for a moment that is
// longer than that, and for a film that is shorter than the model's shortest.
Segment plan_window(const SegmentRules& rules, std::int64_t first, std::int64_t last, std::int64_t total);

}  // namespace phonofilm::pipeline
