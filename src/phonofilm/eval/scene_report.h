// From readings of many films to the figures of a scene, beside truth and chance.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/eval/readings.h"

namespace phonofilm::eval {

struct SceneFilm {
  std::string caption;
  std::uint64_t seed = 0;
  std::string file;  // relative to the report; may be empty
  Readings readings;
};

struct SceneFigure {
  FigureSpec spec;
  std::int64_t values = 0;  // of all films
  Estimate estimate;        // with its interval over films
};

struct SceneGroup {
  std::string name, description;
  std::vector<SceneFigure> figures;  // those that any of its films has, in the ruler's order
  std::vector<SceneFilm> films;
  const SceneFigure* figure(const std::string& figure_name) const;  // nullptr if no film has it
};

struct SceneReport {
  std::string scene;
  std::vector<FigureSpec> specs;   // of the ruler
  std::vector<SceneGroup> groups;  // those that have films
  const SceneGroup* group(const std::string& name) const;  // nullptr if it has no films
  std::vector<FigureSpec> measured() const;                // the specs of the figures that any group has
};

// One number for a figure of a film; none where the film has no answer.
std::optional<double> summary_of(const FigureSpec& spec, const SceneFilm& film);

// name: of a group of groups.h.
SceneGroup summarise_scene(const std::string& name, const std::vector<FigureSpec>& figures,
                           std::vector<SceneFilm> films, std::uint64_t seed);

// The targets of rendered, decoded and generated films. A round trip is held against those of generation.
std::vector<Check> check_scene(const SceneReport& report);

nlohmann::json to_json(const SceneReport& report);

}  // namespace phonofilm::eval
