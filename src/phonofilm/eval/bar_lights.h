// A bar of the xylophone lights up when it is struck: which one does, whatever hides the place where it is struck.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "phonofilm/eval/pixels.h"

namespace phonofilm::eval {

class BarLights {
 public:
  BarLights(const Pictures& pictures, double fps);
  // The bar, 0 the longest, that is lit most after `time` (seconds) beyond what it was before; none where none lights up.
  std::optional<std::int64_t> lit_at(double time) const;
  // How much a bar lights up at `time`: 1 in the world.
  double rise(std::int64_t bar, double time) const;

 private:
  double fps_;
  std::vector<std::vector<double>> lights_;  // of every bar, by frame: 0 its own colour, 1 as light as a bar ever is
};

}  // namespace phonofilm::eval
