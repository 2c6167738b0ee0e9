#include "phonofilm/train/speaker_loss.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/log_softmax.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::train {
namespace {

Tensor unit(const Tensor& x) { return x / x.norm(2, /*dim=*/{-1}, /*keepdim=*/true).clamp_min(1e-8); }

std::vector<double> sorted(const Tensor& x) {
  const Tensor values = x.to(at::kDouble).contiguous();
  std::vector<double> list(values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel());
  std::sort(list.begin(), list.end());
  return list;
}

double share_below(const std::vector<double>& values, double threshold) {
  return double(std::lower_bound(values.begin(), values.end(), threshold) - values.begin()) / double(values.size());
}

}  // namespace

Tensor contrastive_loss(const Tensor& embeddings, const Tensor& speakers, double temperature) {
  const Tensor direction = unit(embeddings);
  const Tensor itself = at::eye(embeddings.size(0), at::kBool);
  const Tensor scores = (at::matmul(direction, direction.t()) / temperature).masked_fill(itself, -1e9);
  const Tensor log_share = at::log_softmax(scores, 1);
  const Tensor same = speakers.unsqueeze(0).eq(speakers.unsqueeze(1)).logical_and(itself.logical_not());
  const Tensor per_embedding = (log_share * same).sum(1) / same.sum(1);
  return -per_embedding.mean();
}

double nearest_accuracy(const Tensor& trials, const Tensor& references, const Tensor& labels) {
  const Tensor nearest = at::matmul(unit(trials), unit(references).t()).argmax(1);
  return nearest.eq(labels).to(at::kDouble).mean().item<double>();
}

double equal_error_rate(const Tensor& same, const Tensor& other) {
  const std::vector<double> right = sorted(same), wrong = sorted(other);
  double least = 2, rate = 1;
  for (const std::vector<double>* list : {&right, &wrong}) {
    for (const double threshold : *list) {
      const double refused = share_below(right, threshold), taken = 1 - share_below(wrong, threshold);
      if (std::abs(refused - taken) >= least) continue;
      least = std::abs(refused - taken);
      rate = (refused + taken) / 2;
    }
  }
  return rate;
}

}  // namespace phonofilm::train
