#include "phonofilm/eval/sync.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/eval/statistics.h"

namespace phonofilm::eval {
namespace {

// The signed distance from `time` to the nearest of `others`, none beyond the search radius.
template <class Events>
std::optional<double> to_nearest(double time, const Events& others) {
  std::optional<double> nearest;
  for (const auto& other : others) {
    const double offset = other.time - time;
    if (std::abs(offset) <= kSearchRadius && (!nearest || std::abs(offset) < std::abs(*nearest))) nearest = offset;
  }
  return nearest;
}

double rounded(double value, double unit) { return std::round(value / unit) * unit; }

nlohmann::json offset_json(const std::vector<Match>& matches, double time) {
  for (const Match& match : matches) {
    if (match.time == time && match.offset) return rounded(*match.offset * 1000, 0.01);
  }
  return nullptr;
}

}  // namespace

std::optional<double> SyncResult::median_offset() const {
  std::vector<double> offsets;
  for (const auto* matches : {&impact_to_onset, &onset_to_impact}) {
    for (const Match& match : *matches) offsets.push_back(std::abs(match.offset.value_or(kSearchRadius)));
  }
  if (offsets.empty()) return std::nullopt;
  return median_of(std::move(offsets));
}

Span visible_span(std::int64_t frames, double fps) { return {1.5 / fps, (double(frames) - 3.0) / fps}; }

void match_events(SyncResult& result, Span visible, double audio_seconds) {
  result.impact_to_onset.clear();
  result.onset_to_impact.clear();
  constexpr double kSoundEdge = 0.02;  // seconds an onset detector needs after the event
  for (const Impact& impact : result.impacts) {
    if (impact.time > audio_seconds - kSoundEdge) continue;
    result.impact_to_onset.push_back({impact.time, to_nearest(impact.time, result.onsets)});
  }
  for (const Onset& onset : result.onsets) {
    if (onset.time < visible.first || onset.time > visible.last) continue;
    auto offset = to_nearest(onset.time, result.impacts);
    if (offset) offset = -*offset;
    result.onset_to_impact.push_back({onset.time, offset});
  }
}

SyncResult measure_sync(const Clip& clip) {
  PF_CHECK(clip.has_video() && clip.has_audio(), ShapeError, "measure_sync", "needs a film with picture and sound");
  SyncResult result;
  result.objects = find_objects(clip.frames, clip.fps);
  result.impacts = find_impacts(result.objects);
  result.onsets = find_onsets(clip.waveform, clip.sample_rate);
  match_events(result, visible_span(clip.frames.size(0), clip.fps), clip.audio_seconds());
  return result;
}

nlohmann::json to_json(const SyncResult& result) {
  nlohmann::json json = {{"objects", nlohmann::json::array()}, {"impacts", nlohmann::json::array()},
                         {"onsets", nlohmann::json::array()}, {"median_offset_ms", nullptr}};
  if (const auto median = result.median_offset()) json["median_offset_ms"] = rounded(*median * 1000, 0.01);
  for (const Track& track : result.objects) {
    json["objects"].push_back({{"color", track.color}, {"radius", rounded(track.radius, 1e-4)}});
  }
  for (const Impact& impact : result.impacts) {
    json["impacts"].push_back({{"time", rounded(impact.time, 1e-5)},
                               {"surface", impact.surface},
                               {"object", impact.object},
                               {"color", result.objects.at(std::size_t(impact.object)).color},
                               {"x", rounded(impact.x, 1e-4)},
                               {"y", rounded(impact.y, 1e-4)},
                               {"speed", rounded(impact.speed, 1e-3)},
                               {"confidence", rounded(impact.confidence, 1e-3)},
                               {"offset_ms", offset_json(result.impact_to_onset, impact.time)}});
  }
  for (const Onset& onset : result.onsets) {
    json["onsets"].push_back({{"time", rounded(onset.time, 1e-5)},
                              {"strength", rounded(onset.strength, 1e-3)},
                              {"contrast", rounded(onset.contrast, 1e-2)},
                              {"offset_ms", offset_json(result.onset_to_impact, onset.time)}});
  }
  return json;
}

}  // namespace phonofilm::eval
