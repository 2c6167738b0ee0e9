#include "phonofilm/pipeline/segments.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"

namespace phonofilm::pipeline {
namespace {

constexpr double kRounding = 1e-6;  // pictures: times are products of decimals

// The longest segment of a film of which `wanted` pictures are to come, more than are made at once, that leaves the
// next one enough to add; or the shortest.
std::int64_t leaving_enough(const SegmentRules& rules, std::int64_t wanted) {
  const std::int64_t left = wanted - rules.longest, enough = rules.shortest - rules.overlap;
  return std::max(rules.shortest, rules.longest - std::max<std::int64_t>(0, enough - left));
}

// The segment that goes on from `reached` given pictures.
Segment going_on(const SegmentRules& rules, std::int64_t reached, std::int64_t total) {
  const std::int64_t kept = length_below(rules, double(std::min(rules.overlap, reached)));
  const std::int64_t wanted = total - reached + kept;
  const std::int64_t frames =
      wanted > rules.longest ? leaving_enough(rules, wanted) : std::max(wanted, rules.shortest);
  const std::int64_t first = std::min(total, reached - kept + frames) - frames;
  PF_CHECK(first >= 0, InvalidRequest, "generate", "what is given and what is to be added are ", total,
           " pictures together; the model makes at least ", rules.shortest, ": ask for a longer film");
  return {first, frames, reached - first};
}

}  // namespace

std::int64_t nearest_length(const SegmentRules& rules, double pictures) {
  return std::max<std::int64_t>(0, std::llround((pictures - 1) / double(rules.patch))) * rules.patch + 1;
}

std::int64_t length_below(const SegmentRules& rules, double pictures) {
  const auto groups = std::int64_t(std::floor((pictures + kRounding - 1) / double(rules.patch)));
  return std::max<std::int64_t>(0, groups) * rules.patch + 1;
}

std::int64_t length_above(const SegmentRules& rules, double pictures) {
  const auto groups = std::int64_t(std::ceil((pictures - kRounding - 1) / double(rules.patch)));
  return std::max<std::int64_t>(0, groups) * rules.patch + 1;
}

std::vector<Segment> plan_segments(const SegmentRules& rules, std::int64_t begin, std::int64_t total) {
  std::vector<Segment> segments;
  std::int64_t reached = begin;
  if (begin == 0) {
    segments.push_back({0, total > rules.longest ? leaving_enough(rules, total) : total, 0});
    reached = segments.back().end();
  }
  while (reached < total) {
    segments.push_back(going_on(rules, reached, total));
    reached = segments.back().end();
  }
  return segments;
}

Segment plan_window(const SegmentRules& rules, std::int64_t first, std::int64_t last, std::int64_t total) {
  PF_CHECK(total >= rules.shortest, InvalidRequest, "generate", "the film has ", total,
           " pictures, fewer than the ", rules.shortest, " that the model makes at least");
  const std::int64_t frames = std::min(rules.longest, length_below(rules, double(total)));
  const std::int64_t inner_sides = (first > 0 ? 1 : 0) + (last < total ? 1 : 0), most = frames - inner_sides;
  PF_CHECK(last - first <= most, InvalidRequest, "generate", "the moment that is to be made again has ", last - first,
           " pictures, more than the ", most, " that are made at once beside what stays around them");
  const std::int64_t middle = (first + last) / 2;
  const std::int64_t begin = std::clamp<std::int64_t>(middle - frames / 2, 0, total - frames);
  return {begin, frames, 0};
}

}  // namespace phonofilm::pipeline
