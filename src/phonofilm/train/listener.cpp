#include "phonofilm/train/listener.h"

#include <ATen/ops/cross_entropy_loss.h>

#include <algorithm>
#include <numeric>

#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::train {
namespace {

std::vector<std::int64_t> counts_of(const HeardLabels& labels) {
  std::vector<std::int64_t> counts;
  for (size_t kind = 0; kind < kHeardKinds.size(); ++kind) counts.push_back(labels.count(kind));
  return counts;
}

double share_right(const Tensor& logits, const Tensor& labels) {
  const Tensor heard = labels.gt(0);
  const Tensor right = logits.argmax(-1).eq(labels).logical_and(heard);
  return right.sum().item<double>() / std::max(1.0, heard.sum().item<double>());
}

}  // namespace

nn::BlockState HiddenTokens::run(std::int64_t index, const nn::BlockFn& block, const nn::BlockState& state) const {
  nn::BlockState after = block(state);
  if (index == block_) kept_ = after;
  return after;
}

Tensor HiddenTokens::sound(std::int64_t steps) const {
  if (kept_.empty()) return {};
  const Tensor& tokens = kept_.back();  // the sound's own stream, or the one of both
  return tokens.narrow(1, tokens.size(1) - steps, steps);
}

Listener::Listener(std::int64_t width, const HeardLabels& labels)
    : counts_(counts_of(labels)),
      names_(*this, "names", width, std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0})) {}

Listener::Loss Listener::loss(const Tensor& hidden, const Tensor& labels, const nn::RunContext& run) const {
  expect_shape(labels, {hidden.size(0), hidden.size(1), std::int64_t(counts_.size())}, "listener: labels");
  const Tensor logits = names_.forward(nn::layer_norm(hidden), run).to(at::kFloat).flatten(0, 1);  // [B T, all]
  Loss loss;
  std::int64_t first = 0;
  for (size_t kind = 0; kind < counts_.size(); ++kind) {
    const Tensor own = logits.narrow(1, first, counts_[kind]), target = labels.select(2, std::int64_t(kind)).flatten();
    const Tensor part = at::cross_entropy_loss(own, target);
    loss.total = loss.total.defined() ? loss.total + part : part;
    loss.right[kHeardKinds[kind]] = share_right(own.detach(), target);
    first += counts_[kind];
  }
  return loss;
}

}  // namespace phonofilm::train
