#include "phonofilm/eval/scoring.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "phonofilm/base/text.h"

namespace phonofilm::eval {
namespace {

// The tracks that stand for the objects of the truth: equal colours first, what remains from left to right.
void assign_tracks(const std::vector<Track>& tracks, std::vector<ObjectScore>& objects) {
  std::vector<bool> taken(tracks.size(), false);
  const auto assign = [&](ObjectScore& object, auto&& fits) {
    for (std::size_t t = 0; t < tracks.size() && object.track < 0; ++t) {
      if (taken[t] || !fits(tracks[t])) continue;
      taken[t] = true;
      object.track = std::int64_t(t);
      object.color_seen = tracks[t].color;
    }
  };
  for (ObjectScore& object : objects) assign(object, [&](const Track& track) { return track.color == object.color; });
  for (ObjectScore& object : objects) assign(object, [](const Track&) { return true; });
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
      if (objects.size() > 1 && objects[o].track != track) continue;
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
  assign_tracks(film.sync.objects, objects);
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

TruthMatch match_truth(const std::vector<double>& truth, const std::vector<double>& found, double radius) {
  struct Pair {
    double apart;
    std::size_t truth, found;
  };
  std::vector<Pair> pairs;
  for (std::size_t t = 0; t < truth.size(); ++t) {
    for (std::size_t f = 0; f < found.size(); ++f) {
      if (std::abs(found[f] - truth[t]) <= radius) pairs.push_back({std::abs(found[f] - truth[t]), t, f});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.apart < b.apart; });
  std::vector<bool> truth_used(truth.size(), false), found_used(found.size(), false);
  TruthMatch match;
  for (const Pair& pair : pairs) {
    if (truth_used[pair.truth] || found_used[pair.found]) continue;
    truth_used[pair.truth] = found_used[pair.found] = true;
    match.found.offsets.push_back(found[pair.found] - truth[pair.truth]);
  }
  match.found.failed = std::int64_t(truth.size() - match.found.offsets.size());
  match.false_events = std::int64_t(found.size() - match.found.offsets.size());
  return match;
}

FilmMeasure measure_film(const world::Truth& truth, const Clip& clip, const MaterialClassifier& materials,
                         bool depicts_truth) {
  FilmMeasure film;
  film.truth = truth;
  film.sync = measure_sync(clip);
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
