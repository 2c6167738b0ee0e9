#include "phonofilm/eval/least_squares.h"

#include <algorithm>
#include <cmath>

namespace phonofilm::eval {

namespace {

// The lower triangle L with L L^T = A; what stands above the diagonal is meaningless.
std::vector<double> cholesky(std::vector<double> a, std::size_t n) {
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, a[i * n + i]);
  const double tiny = std::max(largest, 1e-300) * 1e-14;
  for (std::size_t column = 0; column < n; ++column) {
    for (std::size_t row = column; row < n; ++row) {
      double sum = a[row * n + column];
      for (std::size_t k = 0; k < column; ++k) sum -= a[row * n + k] * a[column * n + k];
      a[row * n + column] = row == column ? std::sqrt(std::max(sum, tiny)) : sum / a[column * n + column];
    }
  }
  return a;
}

}  // namespace

std::vector<double> solve_symmetric(std::vector<double> a, std::vector<double> b) {
  const std::size_t n = b.size();
  const std::vector<double> l = cholesky(std::move(a), n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= l[i * n + k] * b[k];
    b[i] /= l[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= l[k * n + i] * b[k];
    b[i] /= l[i * n + i];
  }
  return b;
}

std::vector<double> linear_predictor(const std::vector<double>& signal, std::size_t first, std::size_t last,
                                     std::size_t order, double ridge) {
  if (last > signal.size() || first >= last || last - first < 4 * order) return {};
  std::vector<double> gram(order * order, 0.0), target(order, 0.0);
  for (std::size_t i = first + order; i < last; ++i) {
    const double* newest = &signal[i - 1];  // newest[-k] is the sample k + 1 before i
    for (std::size_t row = 0; row < order; ++row) {
      const double value = *(newest - row);
      target[row] += value * signal[i];
      for (std::size_t column = 0; column <= row; ++column) gram[row * order + column] += value * *(newest - column);
    }
  }
  double energy = 0;
  for (std::size_t k = 0; k < order; ++k) energy += gram[k * order + k] / double(order);
  for (std::size_t k = 0; k < order; ++k) gram[k * order + k] += ridge * energy + 1e-30;
  return solve_symmetric(std::move(gram), std::move(target));
}

}  // namespace phonofilm::eval
