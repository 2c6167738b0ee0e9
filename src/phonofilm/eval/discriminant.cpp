#include "phonofilm/eval/discriminant.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "phonofilm/eval/least_squares.h"

namespace phonofilm::eval {
namespace {

Features centre_of(const std::vector<Features>& examples) {
  Features mean(examples.front().size(), 0.0);
  for (const Features& example : examples) {
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += example[i] / double(examples.size());
  }
  return mean;
}

// The outer products of deviations from the own class's mean, averaged over all classes, plus the least variance.
std::vector<double> pooled_covariance(const std::vector<std::vector<Features>>& classes,
                                      const std::vector<Features>& means, double least_variance) {
  const std::size_t size = means.front().size();
  std::vector<double> covariance(size * size, 0.0);
  double count = 1;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    count += double(classes[c].size());
    for (const Features& example : classes[c]) {
      for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = 0; j < size; ++j) {
          covariance[i * size + j] += (example[i] - means[c][i]) * (example[j] - means[c][j]);
        }
      }
    }
  }
  for (double& value : covariance) value /= count;
  for (std::size_t i = 0; i < size; ++i) covariance[i * size + i] += least_variance;
  return covariance;
}

}  // namespace

LinearDiscriminant::LinearDiscriminant(const std::vector<std::vector<Features>>& classes, double least_variance) {
  std::vector<Features> means;
  for (const auto& examples : classes) means.push_back(centre_of(examples));
  const std::vector<double> covariance = pooled_covariance(classes, means, least_variance);
  for (const Features& mean : means) {
    Class one{solve_symmetric(covariance, mean), 0};
    one.bias = -0.5 * std::inner_product(mean.begin(), mean.end(), one.weights.begin(), 0.0);
    classes_.push_back(std::move(one));
  }
}

LinearDiscriminant::Guess LinearDiscriminant::classify(const Features& features) const {
  std::vector<double> scores;
  for (const Class& one : classes_) {
    scores.push_back(std::inner_product(features.begin(), features.end(), one.weights.begin(), one.bias));
  }
  const auto best = std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (const double score : scores) sum += std::exp(score - *best);
  return {std::size_t(best - scores.begin()), 1 / sum};
}

}  // namespace phonofilm::eval
