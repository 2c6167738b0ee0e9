// What balls are made of: how they bounce and how they sound.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/world/modal_sound.h"

namespace phonofilm::world {

struct Material {
  std::string name;
  double restitution;             // middle of its range
  std::vector<Partial> partials;  // of a ball of kPlainRadius; amplitudes add up to 1
};

inline constexpr double kPlainRadius = 0.1015;     // heights
inline constexpr double kRestitutionSpread = 0.07;  // either way

// "wood", "metal", "glass", "rubber". Throws std::out_of_range for another name.
const Material& material_named(const std::string& name);

}  // namespace phonofilm::world
