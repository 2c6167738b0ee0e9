#include "phonofilm/train/ema.h"

#include <algorithm>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::train {

Ema::Ema(const nn::Module::NamedTensors& parameters, double decay) : decay_(decay) {
  if (decay == 0) return;
  for (const auto& [name, p] : parameters) averages_.push_back(p.detach().clone());
}

void Ema::update(const nn::Module::NamedTensors& parameters, std::int64_t n) {
  const double decay = std::min(decay_, double(n) / double(n + 10));
  for (size_t i = 0; i < averages_.size(); ++i) averages_[i].lerp_(parameters[i].second.detach(), 1 - decay);
}

void Ema::swap(const nn::Module::NamedTensors& parameters) {
  for (size_t i = 0; i < averages_.size(); ++i) {
    Tensor value = parameters[i].second.detach();
    const Tensor kept = value.clone();
    value.copy_(averages_[i]);
    averages_[i].copy_(kept);
  }
}

}  // namespace phonofilm::train
