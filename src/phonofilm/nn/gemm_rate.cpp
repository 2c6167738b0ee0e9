#include "phonofilm/nn/gemm_rate.h"

#include <algorithm>
#include <chrono>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::nn {

double gemm_rate(at::ScalarType dtype, double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr std::int64_t kSide = 1536;
  const Tensor a = at::rand({kSide, kSide}).to(dtype), b = at::rand({kSide, kSide}).to(dtype);
  const auto since = [](Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); };
  double best = 1e9;
  for (const auto begin = Clock::now(); since(begin) < seconds;) {
    const auto start = Clock::now();
    at::matmul(a, b);
    best = std::min(best, since(start));
  }
  return 2.0 * kSide * kSide * kSide / best;
}

}  // namespace phonofilm::nn
