// Linear discriminant analysis with one covariance for all classes (Fisher 1936).
#pragma once

#include <cstddef>
#include <vector>

namespace phonofilm::eval {

using Features = std::vector<double>;

// Immutable after construction.
class LinearDiscriminant {
 public:
  // classes: the examples of each, at least one, all of one length. least_variance is added to every direction: what is
  // to be told varies more than what was learnt from.
  LinearDiscriminant(const std::vector<std::vector<Features>>& classes, double least_variance);

  struct Guess {
    std::size_t index = 0;  // of the class
    double confidence = 0;  // its posterior under equal priors
  };
  Guess classify(const Features& features) const;

 private:
  struct Class {
    Features weights;  // covariance^-1 mean
    double bias = 0;   // -mean . weights / 2
  };
  std::vector<Class> classes_;
};

}  // namespace phonofilm::eval
