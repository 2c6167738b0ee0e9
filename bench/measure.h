// What the benchmarks share: a clock, the median, and the peak that rates are measured against.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + long(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// FLOP/s of the threads that are set, multiplying square matrices: the best of a few tries.
inline double gemm_rate(at::ScalarType dtype) {
  const std::int64_t n = 1536;
  const Tensor a = at::rand({n, n}).to(dtype), b = at::rand({n, n}).to(dtype);
  double best = 1e9;
  for (int i = 0; i < 8; ++i) {
    const auto start = Clock::now();
    at::matmul(a, b);
    best = std::min(best, seconds_since(start));
  }
  return 2.0 * double(n) * double(n) * double(n) / best;
}

}  // namespace phonofilm::bench
