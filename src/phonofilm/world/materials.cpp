#include "phonofilm/world/materials.h"

#include <algorithm>
#include <stdexcept>

#include "phonofilm/world/world.h"

namespace phonofilm::world {
namespace {

// Frequencies and decays from struck blocks of the size of a fist: wood dies at once, metal sings, glass is high
// and short, rubber only thuds.
const std::vector<Material>& all_materials() {
  static const std::vector<Material> kMaterials{
      {"wood", 0.55, {{420, 0.050, 0.40}, {980, 0.035, 0.30}, {1730, 0.025, 0.18}, {2600, 0.018, 0.12}}},
      {"metal", 0.68,
       {{870, 0.38, 0.30}, {2060, 0.30, 0.26}, {3480, 0.24, 0.20}, {5210, 0.18, 0.14}, {6900, 0.12, 0.10}}},
      {"glass", 0.62, {{2350, 0.20, 0.50}, {4120, 0.14, 0.32}, {6330, 0.09, 0.18}}},
      {"rubber", 0.82, {{115, 0.085, 0.55}, {205, 0.060, 0.30}, {330, 0.040, 0.15}}}};
  return kMaterials;
}

}  // namespace

const Material& material_named(const std::string& name) {
  for (const Material& material : all_materials()) {
    if (material.name == name) return material;
  }
  throw std::out_of_range("no material " + name);
}

const std::vector<std::string>& materials() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Material& material : all_materials()) names.push_back(material.name);
    return names;
  }();
  return kNames;
}

// Bright and saturated, at least 47 degrees of hue apart (0, 53, 130, 186, 228, 288), so that a translucent ball
// before a tinted wall is still nearest to its own name.
const std::vector<NamedColor>& colors() {
  static const std::vector<NamedColor> kColors{{"red", 0.90, 0.10, 0.10},    {"green", 0.10, 0.72, 0.20},
                                               {"blue", 0.13, 0.29, 0.95},   {"yellow", 0.98, 0.87, 0.06},
                                               {"purple", 0.70, 0.12, 0.84}, {"cyan", 0.05, 0.80, 0.88}};
  return kColors;
}

}  // namespace phonofilm::world
