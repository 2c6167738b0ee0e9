// From measured films to the figures of a group.
#include <algorithm>
#include <cmath>
#include <map>

#include "phonofilm/eval/groups.h"
#include "phonofilm/eval/togetherness.h"

namespace phonofilm::eval {
namespace {

constexpr double kTogether = 0.080;  // seconds: further apart, two events are not one

FilmOffsets film_offsets(const std::vector<Match>& matches) {
  FilmOffsets film;
  for (const Match& match : matches) {
    if (match.offset) film.offsets.push_back(*match.offset);
    else ++film.failed;
  }
  return film;
}

OffsetStatistics direction(const std::vector<FilmMeasure>& films, std::vector<Match> SyncResult::* matches,
                           std::uint64_t seed) {
  std::vector<FilmOffsets> offsets;
  for (const FilmMeasure& film : films) offsets.push_back(film_offsets(film.sync.*matches));
  return offset_statistics(offsets, kSearchRadius, seed);
}

std::int64_t count_apart(const std::vector<Match>& matches) {
  return std::count_if(matches.begin(), matches.end(), [](const Match& match) {
    return !match.offset || std::abs(*match.offset) > kTogether;
  });
}

TruthStatistics truth_statistics(const std::vector<FilmMeasure>& films, std::optional<TruthMatch> FilmMeasure::* match,
                                 std::uint64_t seed) {
  TruthStatistics result;
  std::vector<FilmOffsets> offsets;
  for (const FilmMeasure& film : films) {
    offsets.push_back((film.*match)->found);
    result.false_events += (film.*match)->false_events;
  }
  result.offsets = offset_statistics(offsets, kSearchRadius, seed);
  return result;
}

// The share of objects that pass, over those for which `score` gives an answer (values between are shares).
template <class Score>
Estimate share_of_objects(const std::vector<FilmMeasure>& films, std::uint64_t seed, const Score& score) {
  std::vector<Values> per_film;
  for (const FilmMeasure& film : films) {
    Values values;
    for (const ObjectScore& object : film.objects) score(object, values);
    per_film.push_back(std::move(values));
  }
  return bootstrap(per_film, mean_of, seed);
}

LabelStatistics label_statistics(const std::vector<FilmMeasure>& films, std::uint64_t seed) {
  LabelStatistics labels;
  for (const FilmMeasure& film : films) {
    for (const ObjectScore& object : film.objects) ++labels.objects, labels.counts_told += object.count_told;
  }
  const auto share = [&](const auto& score) { return share_of_objects(films, seed, score); };
  const auto miscount = [](const ObjectScore& o) { return std::abs(o.floor_strikes_seen - o.floor_strikes); };
  labels.color = share([](const ObjectScore& o, Values& out) { out.push_back(o.color_seen == o.color); });
  labels.material = share([](const ObjectScore& o, Values& out) { out.push_back(o.material_heard == o.material); });
  labels.strike_material = share([](const ObjectScore& o, Values& out) {
    for (std::int64_t i = 0; i < o.strikes; ++i) out.push_back(i < o.strikes_right);
  });
  labels.count_exact = share([&](const ObjectScore& o, Values& out) {
    if (o.count_told) out.push_back(miscount(o) == 0);
  });
  labels.count_within_one = share([&](const ObjectScore& o, Values& out) {
    if (o.count_told) out.push_back(miscount(o) <= 1);
  });
  labels.count_within_one_all = share([&](const ObjectScore& o, Values& out) { out.push_back(miscount(o) <= 1); });
  return labels;
}

std::string material_of(const FilmMeasure& film, const Impact& impact) {
  for (const ObjectScore& object : film.objects) {
    if (object.track == impact.object) return object.material;
  }
  return "other";
}

const Impact* impact_at(const SyncResult& sync, double time) {
  for (const Impact& impact : sync.impacts) {
    if (impact.time == time) return &impact;
  }
  return nullptr;
}

std::vector<BreakdownRow> break_down(const std::vector<FilmMeasure>& films, std::uint64_t seed) {
  std::map<std::pair<std::string, std::string>, std::vector<FilmOffsets>> rows;
  for (const FilmMeasure& film : films) {
    std::map<std::pair<std::string, std::string>, std::vector<Match>> matches;
    for (const Match& match : film.sync.impact_to_onset) {
      const Impact* impact = impact_at(film.sync, match.time);
      if (!impact) continue;
      matches[{"material", material_of(film, *impact)}].push_back(match);
      matches[{"surface", impact->surface == "floor" ? "floor" : "wall"}].push_back(match);
      matches[{"objects", film.truth.objects.size() == 1 ? "one ball" : "two balls"}].push_back(match);
    }
    for (const auto& [key, some] : matches) rows[key].push_back(film_offsets(some));
  }
  std::vector<BreakdownRow> breakdown;
  for (const auto& [key, offsets] : rows) {
    breakdown.push_back({key.first, key.second, offset_statistics(offsets, kSearchRadius, seed)});
  }
  return breakdown;
}

}  // namespace

GroupReport summarise(const std::string& name, std::vector<FilmMeasure> films, bool labelled, std::uint64_t seed) {
  GroupReport group;
  group.name = name;
  group.description = group_text(name).description;
  group.films = std::move(films);
  group.impact_to_onset = direction(group.films, &SyncResult::impact_to_onset, seed);
  group.onset_to_impact = direction(group.films, &SyncResult::onset_to_impact, seed);
  for (const FilmMeasure& film : group.films) {
    group.silent_impacts += count_apart(film.sync.impact_to_onset);
    group.unseen_onsets += count_apart(film.sync.onset_to_impact);
  }
  if (!group.films.empty() && group.films.front().picture) {
    group.picture = truth_statistics(group.films, &FilmMeasure::picture, seed);
    group.sound = truth_statistics(group.films, &FilmMeasure::sound, seed);
  }
  if (labelled) {
    group.labels = label_statistics(group.films, seed);
    group.breakdown = break_down(group.films, seed);
  }
  return group;
}

}  // namespace phonofilm::eval
