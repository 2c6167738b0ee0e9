// Exponential moving average of weights; samples and exports use it.
#pragma once

#include "phonofilm/nn/module.h"

namespace phonofilm::train {

class Ema {
 public:
  Ema() = default;
  // With a decay of 0 the average is the value itself: none is kept, and update() and swap() do nothing.
  Ema(const nn::Module::NamedTensors& parameters, double decay);
  bool kept() const { return !averages_.empty(); }
  // average = d average + (1 - d) value with d = min(decay, n / (n + 10)) at the n-th update: quick to forget the start.
  void update(const nn::Module::NamedTensors& parameters, std::int64_t n);
  // Exchanges the averages with the parameters' values; a second call exchanges them back.
  void swap(const nn::Module::NamedTensors& parameters);
  std::vector<Tensor>& averages() { return averages_; }
  const std::vector<Tensor>& averages() const { return averages_; }

 private:
  double decay_ = 0;
  std::vector<Tensor> averages_;
};

}  // namespace phonofilm::train
