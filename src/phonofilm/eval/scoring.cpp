#include "phonofilm/eval/scoring.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "phonofilm/base/text.h"

namespace phonofilm::eval {
namespace {

// The tracks that stand for the objects of the truth: equal colours first, of what remains those that are nearest to each
// other from side to side.
void assign_tracks(const std::vector<Track>& tracks, const std::vector<world::Object>& told,
                   std::vector<ObjectScore>& objects) {
  constexpr double kFar = 1e6;  // from every other place
  std::vector<double> asked, seen;
  const auto assign = [&](std::size_t o, std::size_t t) {
    objects[o].track = std::int64_t(t), objects[o].color_seen = tracks[t].color;
    asked[o] = kFar, seen[t] = -kFar;
  };
  for (const world::Object& object : told) asked.push_back(object.x);
  for (const Track& track : tracks) seen.push_back(mean_of(track.x));
  for (std::size_t o = 0; o < objects.size(); ++o) {
    for (std::size_t t = 0; t < tracks.size() && objects[o].track < 0; ++t) {
      if (seen[t] != -kFar && tracks[t].color == objects[o].color) assign(o, t);
    }
  }
  for (const auto& [o, t] : nearest_pairs(asked, seen, /*radius=*/kFar / 2)) assign(o, t);
}

// The object that sounded: alone, always the same; of two, the one whose strike was seen nearest in time.
std::int64_t struck_track(const SyncResult& sync, double time, std::size_t objects) {
  const Impact* nearest = nullptr;
  for (const Impact& impact : sync.impacts) {
    if (!nearest || std::abs(impact.time - time) < std::abs(nearest->time - time)) nearest = &impact;
  }
  if (objects == 1) return 0;
  return nearest && std::abs(nearest->time - time) <= kSearchRadius ? nearest->object : -1;
}

void score_materials(const FilmMeasure& film, std::vector<ObjectScore>& objects) {
  std::vector<std::map<std::string, double>> votes(objects.size());
  for (std::size_t i = 0; i < film.heard.size(); ++i) {
    if (!film.heard[i]) continue;
    const std::int64_t track = struck_track(film.sync, film.sync.onsets[i].time, objects.size());
    for (std::size_t o = 0; o < objects.size(); ++o) {
      if (objects.size() > 1 && (track < 0 || objects[o].track != track)) continue;
      votes[o][film.heard[i]->material] += film.heard[i]->confidence;
      ++objects[o].strikes;
      objects[o].strikes_right += film.heard[i]->material == objects[o].material;
    }
  }
  for (std::size_t o = 0; o < objects.size(); ++o) {
    const auto most = std::max_element(votes[o].begin(), votes[o].end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most != votes[o].end()) objects[o].material_heard = most->first;
  }
}

void score_counts(const FilmMeasure& film, std::vector<ObjectScore>& objects) {
  const bool told = counts_told(film.truth.caption) >= std::int64_t(objects.size());
  for (std::size_t o = 0; o < objects.size(); ++o) {
    objects[o].count_told = told;
    objects[o].floor_strikes = world::count_strikes(film.truth, std::int64_t(o), "floor");
    objects[o].floor_strikes_seen =
        std::count_if(film.sync.impacts.begin(), film.sync.impacts.end(), [&](const Impact& impact) {
          return impact.surface == "floor" && impact.object == objects[o].track;
        });
  }
}

std::vector<ObjectScore> score_objects(const FilmMeasure& film) {
  std::vector<ObjectScore> objects;
  for (const world::Object& object : film.truth.objects) {
    ObjectScore score;
    score.color = object.color;
    score.material = object.material;
    objects.push_back(score);
  }
  assign_tracks(film.sync.objects, film.truth.objects, objects);
  score_materials(film, objects);
  score_counts(film, objects);
  return objects;
}

template <class Events>
std::vector<double> times_of(const Events& events) {
  std::vector<double> times;
  for (const auto& event : events) times.push_back(event.time);
  return times;
}

nlohmann::json to_json(const ObjectScore& o) {
  return {{"color", o.color},
          {"color_seen", o.color_seen},
          {"material", o.material},
          {"material_heard", o.material_heard},
          {"strikes_heard", o.strikes},
          {"strikes_of_right_material", o.strikes_right},
          {"floor_strikes", o.floor_strikes},
          {"floor_strikes_seen", o.floor_strikes_seen},
          {"count_told", o.count_told}};
}

}  // namespace

std::int64_t counts_told(const std::string& caption) {
  static const std::set<std::string> kAdverbs{"once", "twice"};
  std::int64_t told = 0;
  for (const std::string& word : split(caption, ' ')) {
    const std::string plain = word.ends_with(',') ? word.substr(0, word.size() - 1) : word;
    told += kAdverbs.contains(plain) || plain == "times" || plain == "time";
  }
  return told;
}

std::vector<std::pair<std::size_t, std::size_t>> nearest_pairs(const std::vector<double>& a, const std::vector<double>& b,
                                                               double radius) {
  std::vector<std::tuple<double, std::size_t, std::size_t>> candidates;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) {
      if (std::abs(a[i] - b[j]) <= radius) candidates.push_back({std::abs(a[i] - b[j]), i, j});
    }
  }
  std::sort(candidates.begin(), candidates.end());
  std::vector<bool> a_used(a.size(), false), b_used(b.size(), false);
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (const auto& [apart, i, j] : candidates) {
    if (a_used[i] || b_used[j]) continue;
    a_used[i] = b_used[j] = true;
    pairs.push_back({i, j});
  }
  return pairs;
}

TruthMatch match_truth(const std::vector<double>& truth, const std::vector<double>& found, double radius) {
  TruthMatch match;
  for (const auto& [t, f] : nearest_pairs(truth, found, radius)) match.found.offsets.push_back(found[f] - truth[t]);
  match.found.failed = std::int64_t(truth.size() - match.found.offsets.size());
  match.false_events = std::int64_t(found.size() - match.found.offsets.size());
  return match;
}

FilmMeasure measure_film(const world::Truth& truth, const Clip& clip, const MaterialClassifier& materials,
                         bool depicts_truth) {
  FilmMeasure film;
  film.truth = truth;
  film.sync = measure_sync(clip);
  film.seconds = std::max(clip.video_seconds(), clip.audio_seconds());
  film.heard = materials.classify(clip.waveform, clip.sample_rate, film.sync.onsets);
  film.objects = score_objects(film);
  if (depicts_truth) {
    film.picture = match_truth(times_of(truth.events), times_of(film.sync.impacts));
    film.sound = match_truth(times_of(truth.events), times_of(film.sync.onsets));
  }
  return film;
}

nlohmann::json to_json(const FilmMeasure& film) {
  nlohmann::json json = {{"caption", film.truth.caption}, {"seed", film.truth.seed}, {"file", film.file},
                         {"sync", to_json(film.sync)},    {"objects", nlohmann::json::array()}};
  for (const ObjectScore& object : film.objects) json["objects"].push_back(to_json(object));
  for (std::size_t i = 0; i < film.heard.size(); ++i) {
    if (film.heard[i]) json["sync"]["onsets"][i]["material"] = film.heard[i]->material;
  }
  if (film.picture) {
    json["true_events"] = nlohmann::json::array();
    for (const world::Event& event : film.truth.events) {
      json["true_events"].push_back({{"time", event.time}, {"surface", event.surface}, {"object", event.object}});
    }
  }
  return json;
}

}  // namespace phonofilm::eval
