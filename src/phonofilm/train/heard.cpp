#include "phonofilm/train/heard.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::train {
namespace {

constexpr double kStrikeSeconds = 0.064;  // two latent steps of the embedded model

double rounded(double seconds) { return std::round(seconds * 1e4) / 1e4; }

// What falls in rain is heard as one hiss, and a lamp by the time that it is lit.
bool is_strike(const world::Event& event) { return event.surface != "street" && event.surface != "light on"; }

// A bar by its number, a ball by its material.
std::string struck(const world::Event& event, const world::Truth& truth) {
  if (event.surface == "bar") return "bar " + std::to_string(event.object);
  return truth.objects.at(size_t(event.object)).material;
}

}  // namespace

std::vector<Heard> heard_in(const world::Truth& truth) {
  std::vector<Heard> heard;
  const auto add = [&](const char* kind, const std::string& label, double start, double end) {
    heard.push_back({kind, label, rounded(start), rounded(end)});
  };
  for (const world::Span& span : truth.spans) {
    if (span.kind == "word" || span.kind == "phoneme") add(span.kind.c_str(), span.label, span.start, span.end);
    if (span.kind == "light") add("sound", "beep", span.start, span.end);
  }
  for (const world::Event& event : truth.events) {
    if (is_strike(event)) add("sound", struck(event, truth), event.time, event.time + kStrikeSeconds);
  }
  return heard;
}

std::map<std::string, std::map<std::string, std::int64_t>> HeardLabels::empty() {
  std::map<std::string, std::map<std::string, std::int64_t>> labels;
  for (const std::string& kind : kHeardKinds) labels[kind];
  return labels;
}

void HeardLabels::add(const std::vector<Heard>& heard) {
  for (const Heard& one : heard) labels_.at(one.kind)[one.label];
  for (auto& [kind, labels] : labels_) {
    std::int64_t number = 0;
    for (auto& [label, id] : labels) id = ++number;
  }
}

Tensor HeardLabels::rows(const std::vector<Heard>& heard, std::int64_t steps, double step) const {
  Tensor rows = at::zeros({steps, std::int64_t(kHeardKinds.size())}, at::kLong);
  for (const Heard& one : heard) {
    const auto& labels = labels_.at(one.kind);
    const auto id = labels.find(one.label);
    PF_CHECK(id != labels.end(), InvalidRequest, "joint", "the ", one.kind, " \"", one.label, "\" has no number");
    const auto kind = std::find(kHeardKinds.begin(), kHeardKinds.end(), one.kind) - kHeardKinds.begin();
    const auto at = [&](double seconds) {  // the first step whose middle is not before
      return std::clamp<std::int64_t>(std::int64_t(std::ceil(seconds / step - 0.5)), 0, steps);
    };
    const std::int64_t first = at(one.start), end = at(one.end);
    if (end > first) rows.narrow(0, first, end - first).select(1, kind).fill_(id->second);
  }
  return rows;
}

}  // namespace phonofilm::train
