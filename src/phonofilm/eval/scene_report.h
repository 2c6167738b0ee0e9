// From readings of many films to the figures of a scene, beside truth and chance.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
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
};

struct SceneReport {
  std::string scene;
  std::vector<SceneGroup> groups;  // those that have films
};

SceneGroup summarise_scene(std::string name, std::string description, const std::vector<FigureSpec>& figures,
                           std::vector<SceneFilm> films, std::uint64_t seed);

// The targets of rendered, decoded and generated films. A round trip is held against those of generation.
std::vector<Check> check_scene(const SceneReport& report);

nlohmann::json to_json(const SceneReport& report);

}  // namespace phonofilm::eval
