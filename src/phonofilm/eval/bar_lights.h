// A bar of the xylophone lights up when it is struck: when and which, whatever a decoder has made of the mallet.
#pragma once

#include <cstdint>
#include <vector>

#include "phonofilm/eval/pixels.h"

namespace phonofilm::eval {

struct BarFlash {
  double time = 0;       // seconds, half-way up: to half a frame
  std::int64_t bar = 0;  // 0 the longest
  double rise = 0;       // 1 in the world
};

// In the order of time; of bars that light up together the one that does most.
std::vector<BarFlash> find_bar_flashes(const Pictures& pictures, double fps);

}  // namespace phonofilm::eval
