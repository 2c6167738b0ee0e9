#include "phonofilm/train/optimizer.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::train {
namespace {

using NamedTensors = nn::Module::NamedTensors;
using TensorMap = std::map<std::string, Tensor>;

void restore(Tensor& target, const TensorMap& state, const std::string& name) {
  const auto found = state.find(name);
  PF_CHECK(found != state.end(), CheckpointError, "resume", "optimizer state has no \"", name, "\"");
  PF_CHECK(found->second.sizes() == target.sizes(), CheckpointError, "resume", "optimizer state \"", name,
           "\": expected ", shape_text(target.sizes()), ", got ", shape_text(found->second.sizes()));
  target.copy_(found->second);
}

class AdamW : public Optimizer {
 public:
  AdamW(const OptimizerOptions& options, NamedTensors parameters)
      : options_(options), parameters_(std::move(parameters)), count_(at::zeros({}, at::kLong)) {
    for (const auto& [name, p] : parameters_) {
      mean_.push_back(at::zeros_like(p));
      square_.push_back(at::zeros_like(p));
    }
  }

  void step(double lr_factor) override {
    count_ += 1;
    const double n = count_.item<double>(), lr = options_.lr * lr_factor;
    const double mean_scale = 1 - std::pow(options_.beta1, n), square_scale = 1 - std::pow(options_.beta2, n);
    for (size_t i = 0; i < parameters_.size(); ++i) {
      Tensor p = parameters_[i].second.detach();
      const Tensor& g = parameters_[i].second.grad();
      if (!g.defined()) continue;
      mean_[i].mul_(options_.beta1).add_(g, 1 - options_.beta1);
      square_[i].mul_(options_.beta2).addcmul_(g, g, 1 - options_.beta2);
      if (p.dim() > 1) p.mul_(1 - lr * options_.weight_decay);  // gains and biases are not decayed
      p.addcdiv_(mean_[i], (square_[i] / square_scale).sqrt_().add_(options_.eps), -lr / mean_scale);
    }
  }

  TensorMap state() const override {
    TensorMap state{{"adam.count", count_}};
    for (size_t i = 0; i < parameters_.size(); ++i) {
      state["adam.mean." + parameters_[i].first] = mean_[i];
      state["adam.square." + parameters_[i].first] = square_[i];
    }
    return state;
  }

  void load_state(const TensorMap& state) override {
    restore(count_, state, "adam.count");
    for (size_t i = 0; i < parameters_.size(); ++i) {
      restore(mean_[i], state, "adam.mean." + parameters_[i].first);
      restore(square_[i], state, "adam.square." + parameters_[i].first);
    }
  }

 private:
  OptimizerOptions options_;
  NamedTensors parameters_;
  Tensor count_;
  std::vector<Tensor> mean_, square_;
};

class Muon : public Optimizer {
 public:
  Muon(const OptimizerOptions& options, const NamedTensors& matrices, NamedTensors rest, std::int64_t threads)
      : options_(options), threads_(size_t(threads)), rest_(options, std::move(rest)) {
    std::map<MatrixShape, NamedTensors> by_shape;
    for (const auto& [name, p] : matrices) by_shape[{p.size(0), p.numel() / p.size(0)}].emplace_back(name, p);
    for (const auto& [shape, parameters] : by_shape) {
      for (size_t begin = 0; begin < parameters.size(); begin += kGroupSize) {
        const size_t end = std::min(begin + kGroupSize, parameters.size());
        Group group{shape, {parameters.begin() + long(begin), parameters.begin() + long(end)}, {}};
        for (const auto& [name, p] : group.parameters) group.momentum.push_back(at::zeros_like(p));
        groups_.push_back(std::move(group));
      }
    }
  }

  void step(double lr_factor) override {
    std::atomic<size_t> next{0};
    const auto work = [&] {
      const at::NoGradGuard no_grad;
      for (size_t i = next++; i < groups_.size(); i = next++) update(groups_[i], options_.muon_lr * lr_factor);
    };
    std::vector<std::thread> threads;
    for (size_t i = 1; i < threads_; ++i) threads.emplace_back(work);
    rest_.step(lr_factor);
    work();
    for (std::thread& thread : threads) thread.join();
  }

  TensorMap state() const override {
    TensorMap state = rest_.state();
    for (const Group& group : groups_) {
      for (size_t i = 0; i < group.parameters.size(); ++i) {
        state["muon." + group.parameters[i].first] = group.momentum[i];
      }
    }
    return state;
  }

  void load_state(const TensorMap& state) override {
    rest_.load_state(state);
    for (Group& group : groups_) {
      for (size_t i = 0; i < group.parameters.size(); ++i) {
        restore(group.momentum[i], state, "muon." + group.parameters[i].first);
      }
    }
  }

 private:
  using MatrixShape = std::pair<std::int64_t, std::int64_t>;
  static constexpr size_t kGroupSize = 8;  // small enough to share the work out over threads
  struct Group {  // some matrices of one shape, orthogonalised together
    MatrixShape shape;
    NamedTensors parameters;
    std::vector<Tensor> momentum;
  };

  void update(Group& group, double lr) {
    const MatrixShape& shape = group.shape;
    std::vector<Tensor> directions, moved;
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      const Tensor& g = group.parameters[i].second.grad();
      if (!g.defined()) continue;
      moved.push_back(group.parameters[i].second.detach());
      group.momentum[i].mul_(options_.muon_momentum).add_(g);
      directions.push_back((g + group.momentum[i] * options_.muon_momentum).reshape({shape.first, shape.second}));
    }
    if (moved.empty()) return;
    const Tensor updates = orthogonalise(at::stack(directions)).to(at::kFloat);
    // Wide and tall matrices get updates of the same root mean square per output.
    const double scale = std::sqrt(std::max(1.0, double(shape.first) / double(shape.second)));
    for (size_t i = 0; i < moved.size(); ++i) {
      Tensor& p = moved[i];
      p.mul_(1 - lr * options_.muon_weight_decay).add_(updates[std::int64_t(i)].reshape(p.sizes()), -lr * scale);
    }
  }

  OptimizerOptions options_;
  size_t threads_;
  std::vector<Group> groups_;
  AdamW rest_;
};

bool goes_to_muon(const OptimizerOptions& options, const std::string& name, const Tensor& p) {
  if (p.dim() < 2 || p.size(0) < 16 || p.numel() / p.size(0) < 16) return false;
  return std::none_of(options.adam_only.begin(), options.adam_only.end(),
                      [&](const std::string& part) { return name.find(part) != std::string::npos; });
}

}  // namespace

Tensor orthogonalise(const Tensor& matrices) {
  const bool tall = matrices.size(1) > matrices.size(2);
  Tensor x = (tall ? matrices.transpose(1, 2) : matrices).to(at::kFloat);
  x = (x / (x.norm(2, {1, 2}, /*keepdim=*/true) + 1e-7)).to(at::kBFloat16).contiguous();
  for (int iteration = 0; iteration < 5; ++iteration) {
    const Tensor gram = at::bmm(x, x.transpose(1, 2));
    const Tensor polynomial = at::baddbmm(gram, gram, gram, /*beta=*/-4.7750, /*alpha=*/2.0315);
    x = at::baddbmm(x, polynomial, x, /*beta=*/3.4445, /*alpha=*/1);
  }
  return tall ? x.transpose(1, 2) : x;
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, const NamedTensors& parameters, std::int64_t threads) {
  if (options.name == "adamw") return std::make_unique<AdamW>(options, parameters);
  NamedTensors matrices, rest;
  for (const auto& [name, p] : parameters) (goes_to_muon(options, name, p) ? matrices : rest).emplace_back(name, p);
  return std::make_unique<Muon>(options, matrices, rest, threads);
}

double clip_gradients(const NamedTensors& parameters, double max_norm) {
  double sum = 0;
  for (const auto& [name, p] : parameters) {
    if (!p.grad().defined()) continue;
    const double norm = p.grad().norm().item<double>();
    sum += norm * norm;
  }
  const double norm = std::sqrt(sum);
  if (std::isfinite(norm) && max_norm > 0 && norm > max_norm) {
    for (const auto& [name, p] : parameters) {
      if (p.grad().defined()) p.mutable_grad().mul_(max_norm / norm);
    }
  }
  return norm;
}

}  // namespace phonofilm::train
