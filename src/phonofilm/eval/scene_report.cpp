#include "phonofilm/eval/scene_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/text.h"
#include "phonofilm/eval/groups.h"

namespace phonofilm::eval {
namespace {

Statistic statistic_of(const FigureSpec& spec) {
  return spec.summary == Summary::median ? Statistic(median_of) : Statistic(mean_of);
}

nlohmann::json to_json(const SceneFilm& film) {
  nlohmann::json json = {{"caption", film.caption}, {"seed", film.seed}, {"file", film.file}};
  for (const auto& [name, values] : film.readings) {
    for (const double value : values) json["readings"][name].push_back(std::round(value * 1e4) / 1e4);
  }
  return json;
}

nlohmann::json to_json(const SceneGroup& group) {
  nlohmann::json json = {{"name", group.name}, {"description", group.description}, {"figures", nlohmann::json::array()},
                         {"films", nlohmann::json::array()}};
  for (const SceneFigure& figure : group.figures) {
    json["figures"].push_back({{"name", figure.spec.name},
                               {"unit", figure.spec.unit},
                               {"summary", figure.spec.summary == Summary::median ? "median" : "mean"},
                               {"values", figure.values},
                               {"estimate", to_json(figure.estimate)}});
  }
  for (const SceneFilm& film : group.films) json["films"].push_back(to_json(film));
  return json;
}

}  // namespace

const SceneFigure* SceneGroup::figure(const std::string& figure_name) const {
  for (const SceneFigure& figure : figures) {
    if (figure.spec.name == figure_name) return &figure;
  }
  return nullptr;
}

const SceneGroup* SceneReport::group(const std::string& name) const {
  for (const SceneGroup& group : groups) {
    if (group.name == name) return &group;
  }
  return nullptr;
}

std::vector<FigureSpec> SceneReport::measured() const {
  std::vector<FigureSpec> found;
  for (const FigureSpec& spec : specs) {
    const auto has = [&](const SceneGroup& group) { return group.figure(spec.name) != nullptr; };
    if (std::any_of(groups.begin(), groups.end(), has)) found.push_back(spec);
  }
  return found;
}

std::optional<double> summary_of(const FigureSpec& spec, const SceneFilm& film) {
  const auto found = film.readings.find(spec.name);
  if (found == film.readings.end() || found->second.empty()) return std::nullopt;
  return statistic_of(spec)(found->second);
}

SceneGroup summarise_scene(const std::string& name, const std::vector<FigureSpec>& figures,
                           std::vector<SceneFilm> films, std::uint64_t seed) {
  SceneGroup group{name, group_text(name).description, {}, std::move(films)};
  for (const FigureSpec& spec : figures) {
    std::vector<Values> per_film;
    std::int64_t count = 0;
    for (const SceneFilm& film : group.films) {
      const auto found = film.readings.find(spec.name);
      if (found == film.readings.end()) continue;
      count += std::int64_t(found->second.size());
      per_film.push_back(found->second);
    }
    if (count > 0) group.figures.push_back({spec, count, bootstrap(per_film, statistic_of(spec), seed)});
  }
  return group;
}

std::vector<Check> check_scene(const SceneReport& report) {
  std::vector<Check> checks;
  for (const SceneGroup& group : report.groups) {
    const bool truth = group.name == "ground_truth", films = group.name == "generated";
    if (!truth && !films && group.name != "codec_round_trip") continue;
    for (const SceneFigure& figure : group.figures) {
      const auto target = truth ? figure.spec.truth_target : figure.spec.generated_target;
      if (!target) continue;
      checks.push_back({group.name, concat(report.scene, ": ", figure.spec.name), figure.estimate.value, *target,
                        figure.spec.at_most, figure.spec.unit});
    }
  }
  return checks;
}

nlohmann::json to_json(const SceneReport& report) {
  nlohmann::json json = {{"scene", report.scene}, {"groups", nlohmann::json::array()}};
  for (const SceneGroup& group : report.groups) json["groups"].push_back(to_json(group));
  return json;
}

}  // namespace phonofilm::eval
