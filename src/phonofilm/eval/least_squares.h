// Small dense linear algebra for the analysers, in float64.
#pragma once

#include <cstddef>
#include <vector>

namespace phonofilm::eval {

// Solves A x = b for a symmetric positive definite A [n, n] (row major) by Cholesky factors; a pivot that rounding
// has made non-positive is raised to a tiny multiple of the largest diagonal element.
std::vector<double> solve_symmetric(std::vector<double> a, std::vector<double> b);

// Coefficients c of the linear predictor x[i] = sum_k c[k] x[i - 1 - k] over signal[first, last), by the covariance
// method: exact for a sum of decaying sinusoids, which is what a ringing object is. ridge is relative to the mean
// energy. Empty when the stretch is shorter than four times the order.
std::vector<double> linear_predictor(const std::vector<double>& signal, std::size_t first, std::size_t last,
                                     std::size_t order, double ridge);

}  // namespace phonofilm::eval
