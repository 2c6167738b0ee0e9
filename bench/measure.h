// What the benchmarks share: a clock, the median, and the peak that rates are measured against.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "phonofilm/nn/gemm_rate.h"

namespace phonofilm::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + long(values.size() / 2), values.end());
  return values[values.size() / 2];
}

using nn::gemm_rate;

}  // namespace phonofilm::bench
