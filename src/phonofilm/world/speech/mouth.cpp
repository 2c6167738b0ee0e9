#include "phonofilm/world/speech/mouth.h"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace phonofilm::world {
namespace {

// espeak-ng's mnemonics for English (its docs/phonemes.md), by class.
const std::map<std::string, std::vector<std::string>>& table() {
  static const std::map<std::string, std::vector<std::string>> kTable = [] {
    std::map<std::string, std::vector<std::string>> all;
    const auto put = [&](std::vector<std::string> visemes, std::vector<std::string> phonemes) {
      for (const std::string& phoneme : phonemes) all[phoneme] = visemes;
    };
    put({"closed"}, {"m", "b", "p", "m-", "b#"});
    put({"teeth on lip"}, {"f", "v", "v#"});
    put({"tongue"}, {"t", "d", "n", "l", "s", "z", "T", "D", "t#", "t2", "d#", "n-", "l#", "l-", "z#", "s#", "L", "*",
                     "T#", "D#", "nj", "lj"});
    put({"half"}, {"@", "@2", "@5", "a#", "@L", "3", "3:", "V", "E", "E2", "E#", "e", "k", "g", "N", "h", "x", "?",
                   "I2", "e@", "@-", "i@", "A@", "i@3", "e#"});
    put({"spread"}, {"i", "i:", "I", "I#", "j", "i2"});
    put({"open"}, {"a", "aa", "A:", "A", "A#", "0", "0#", "O2", "aa#"});
    put({"round"}, {"O", "O:", "O@", "o@", "u", "u:", "U", "w", "r", "r-", "S", "Z", "tS", "dZ", "U@", "oU#", "o", "V#",
                    "O3", "S;", "Z;", "u#"});
    put({"open", "spread"}, {"aI"});
    put({"open", "round"}, {"aU"});
    put({"half", "spread"}, {"eI"});
    put({"half", "round"}, {"oU"});
    put({"round", "spread"}, {"OI"});
    put({"open", "half"}, {"aI@", "aI3", "aU@"});
    put({"rest"}, {"_", "_:", "_!", "_|", "_^_", "_::", "_;_"});
    return all;
  }();
  return kTable;
}

double smooth(double share) { return share * share * (3 - 2 * share); }

}  // namespace

// Half width, opening, lip, teeth, tongue.
const std::vector<Viseme>& all_visemes() {
  static const std::vector<Viseme> kVisemes{
      {"rest", {0.086, 0.000, 0.021, 0.0, 0.0}},   {"closed", {0.094, 0.000, 0.014, 0.0, 0.0}},
      {"open", {0.096, 0.150, 0.020, 0.3, 0.0}},   {"half", {0.092, 0.072, 0.020, 0.5, 0.0}},
      {"spread", {0.132, 0.052, 0.018, 1.0, 0.0}}, {"round", {0.040, 0.070, 0.032, 0.0, 0.0}},
      {"teeth on lip", {0.098, 0.030, 0.018, 1.0, 0.0}}, {"tongue", {0.098, 0.042, 0.019, 0.6, 1.0}}};
  return kVisemes;
}

const Viseme& viseme_named(const std::string& name) {
  for (const Viseme& viseme : all_visemes()) {
    if (viseme.name == name) return viseme;
  }
  throw std::out_of_range("no viseme " + name);
}

MouthShape mix_shapes(const MouthShape& from, const MouthShape& to, double share) {
  const auto mixed = [&](double MouthShape::*part) { return from.*part + (to.*part - from.*part) * share; };
  return {mixed(&MouthShape::half_width), mixed(&MouthShape::opening), mixed(&MouthShape::lip),
          mixed(&MouthShape::teeth), mixed(&MouthShape::tongue)};
}

std::vector<std::string> visemes_of(const std::string& phoneme) {
  const auto found = table().find(phoneme);
  return found == table().end() ? std::vector<std::string>{} : found->second;
}

MouthTrack::MouthTrack(const Speech& speech, double begin) {
  for (const Phoneme& phoneme : speech.phonemes) {
    std::vector<std::string> names = visemes_of(phoneme.name);
    if (names.empty()) names = {"half"};
    const double step = (phoneme.end - phoneme.start) / double(names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      const double start = begin + phoneme.start + double(i) * step;
      segments_.push_back({&viseme_named(names[i]), start, start + step});
    }
  }
}

const MouthShape& MouthTrack::shape_of(std::int64_t index) const {
  if (index < 0 || index >= std::int64_t(segments_.size())) return viseme_named("rest").shape;
  return segments_[size_t(index)].viseme->shape;
}

// Half the length of the way over the border between segment `border` - 1 and `border`.
double MouthTrack::glide(std::int64_t border) const {
  double half = kGlide / 2;
  for (const std::int64_t index : {border - 1, border}) {
    if (index < 0 || index >= std::int64_t(segments_.size())) continue;
    half = std::min(half, 0.45 * (segments_[size_t(index)].end - segments_[size_t(index)].start));
  }
  return std::max(half, 1e-6);
}

MouthShape MouthTrack::at(double time) const {
  if (segments_.empty()) return viseme_named("rest").shape;
  const auto starts_later = [](double t, const Segment& segment) { return t < segment.start; };
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), time, starts_later);
  std::int64_t index = after - segments_.begin() - 1;  // -1: before the first
  if (index + 1 == std::int64_t(segments_.size()) && time >= segments_.back().end) ++index;
  const auto start_of = [&](std::int64_t i) {
    return i < std::int64_t(segments_.size()) ? segments_[size_t(i)].start : segments_.back().end;
  };
  for (const std::int64_t border : {index, index + 1}) {
    if (border < 0 || border > std::int64_t(segments_.size())) continue;
    const double half = glide(border), passed = (time - start_of(border)) / (2 * half) + 0.5;
    if (passed > 0 && passed < 1) return mix_shapes(shape_of(border - 1), shape_of(border), smooth(passed));
  }
  return shape_of(index);
}

}  // namespace phonofilm::world
