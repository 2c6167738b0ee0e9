#include "phonofilm/train/happenings.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::train {
namespace {

constexpr double kStrikeSeconds = 0.064;  // two latent steps of the embedded model
constexpr double kPlaces = 16;            // across a picture as wide as high, and from its top to its bottom
constexpr double kTrackStep = 1.0 / 24;   // how finely tracks are labelled

double rounded(double seconds) { return std::round(seconds * 1e4) / 1e4; }

void add(std::vector<Happening>& happenings, const char* kind, const std::string& label, double start, double end) {
  happenings.push_back({kind, label, rounded(start), rounded(end)});
}

// What falls in rain is one hiss, and a lamp is told by the time that it is lit.
bool is_strike(const world::Event& event) { return event.surface != "street" && event.surface != "light on"; }

// A bar by its number, a ball by its material.
std::string struck(const world::Event& event, const world::Truth& truth) {
  if (event.surface == "bar") return "bar " + std::to_string(event.object);
  return truth.objects.at(size_t(event.object)).material;
}

void add_span(std::vector<Happening>& happenings, const world::Span& span) {
  if (span.kind == "word" || span.kind == "phoneme") add(happenings, span.kind.c_str(), span.label, span.start, span.end);
  if (span.kind == "mouth" && span.label != "rest") add(happenings, "mouth", span.label, span.start, span.end);
  if (span.kind == "line") add(happenings, "speaker", std::to_string(span.object), span.start, span.end);
  if (span.kind == "light") add(happenings, "sound", "beep", span.start, span.end);
}

struct TrackName {
  const char* name;
  std::int64_t object = 0;
};

// The stretches of a track over which its label stays the same; none where the label is empty. What a track says of a
// step holds from half a step before to half a step after it.
void add_track(std::vector<Happening>& happenings, const char* kind, const world::Truth& truth, const TrackName& name,
               const std::function<std::string(double)>& label_of) {
  const world::Track* track = world::find_track(truth, name.name, name.object);
  if (track == nullptr) return;
  const auto steps = std::int64_t(double(track->values.size()) / world::kTrackRate / kTrackStep);
  const auto label_at = [&](std::int64_t step) { return label_of(world::value_at(*track, double(step) * kTrackStep)); };
  for (std::int64_t first = 0, next = 0; first <= steps; first = next) {
    const std::string label = label_at(first);
    for (next = first + 1; next <= steps && label_at(next) == label;) ++next;
    if (label.empty()) continue;
    add(happenings, kind, label, (double(first) - 0.5) * kTrackStep, (double(next) - 0.5) * kTrackStep);
  }
}

// Along a side of a picture that is as wide as high, in two digits, so that letters and numbers have one order.
std::string place_of(double x) {
  if (x < 0 || x >= 1) return "";
  const auto place = std::int64_t(x * kPlaces);
  return concat(place < 10 ? "0" : "", place);
}

std::string density_of(double drops_per_second) {
  return std::to_string(std::int64_t(std::log2(1 + std::max(0.0, drops_per_second))));
}

}  // namespace

std::vector<Happening> happenings_in(const world::Truth& truth) {
  std::vector<Happening> happenings;
  for (const world::Span& span : truth.spans) add_span(happenings, span);
  for (const world::Event& event : truth.events) {
    if (is_strike(event)) add(happenings, "sound", struck(event, truth), event.time, event.time + kStrikeSeconds);
  }
  add_track(happenings, "place", truth, {"x"}, place_of);
  add_track(happenings, "height", truth, {"y"}, place_of);
  add_track(happenings, "place", truth, {"mallet x"}, place_of);
  add_track(happenings, "height", truth, {"mallet y"}, place_of);
  add_track(happenings, "second place", truth, {"x", 1}, place_of);
  add_track(happenings, "second height", truth, {"y", 1}, place_of);
  add_track(happenings, "density", truth, {"density"}, density_of);
  return happenings;
}

HappeningLabels::HappeningLabels() {
  for (const std::string& kind : kHappeningKinds) labels_[kind];
}

void HappeningLabels::add(const std::vector<Happening>& happenings) {
  for (const Happening& one : happenings) labels_.at(one.kind)[one.label];
  for (auto& [kind, labels] : labels_) {
    std::int64_t number = 0;
    for (auto& [label, id] : labels) id = ++number;
  }
}

Tensor HappeningLabels::rows(const std::vector<Happening>& happenings, std::int64_t moments, double begin,
                             double length) const {
  Tensor rows = at::zeros({moments, std::int64_t(kHappeningKinds.size())}, at::kShort);
  auto row = rows.accessor<std::int16_t, 2>();
  for (const Happening& one : happenings) {
    const auto& labels = labels_.at(one.kind);
    const auto id = labels.find(one.label);
    PF_CHECK(id != labels.end(), InvalidRequest, "joint", "the ", one.kind, " \"", one.label, "\" has no number");
    const auto kind = std::find(kHappeningKinds.begin(), kHappeningKinds.end(), one.kind) - kHappeningKinds.begin();
    const double first = (one.start - begin) / length, last = (one.end - begin) / length;
    // From the first moment whose middle is not before the start to the last whose middle is before the end.
    const auto moment = [](double at) { return std::int64_t(std::ceil(at - 0.5 - 1e-6)); };
    std::int64_t from = moment(first), to = moment(last);
    if (to <= from) from = std::int64_t(std::floor((first + last) / 2)), to = from + 1;
    from = std::clamp<std::int64_t>(from, 0, moments), to = std::clamp<std::int64_t>(to, from, moments);
    for (std::int64_t at = from; at < to; ++at) row[at][kind] = std::int16_t(id->second);
  }
  return rows;
}

}  // namespace phonofilm::train
