#include "phonofilm/train/gradients.h"

#include <torch/csrc/autograd/autograd.h>  // torch::autograd::grad, which leaves .grad alone

#include <exception>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::train {
namespace {

struct ShardResult {
  StepLoss loss;
  std::vector<Tensor> gradients;  // undefined where the loss does not depend on the parameter
  std::exception_ptr failure;
};

Batch shard_of(const Batch& batch, std::int64_t shard, std::int64_t shards) {
  Batch part;
  for (const auto& [name, tensor] : batch) {
    PF_CHECK(tensor.size(0) % shards == 0, ShapeError, "train", "batch tensor '", name, "' ", shape_text(tensor.sizes()),
             " cannot be split into ", shards, " shards");
    const std::int64_t size = tensor.size(0) / shards;
    part[name] = tensor.narrow(0, shard * size, size);
  }
  return part;
}

ShardResult run_shard(Task& task, const Batch& batch, std::uint64_t seed, std::int64_t step, const nn::RunContext& run,
                      const std::vector<Tensor>& parameters) {
  ShardResult result;
  try {
    result.loss = task.loss(batch, seed, step, run);
    result.gradients = torch::autograd::grad({result.loss.total}, parameters, {}, /*retain_graph=*/false,
                                             /*create_graph=*/false, /*allow_unused=*/true);
    result.loss.total = result.loss.total.detach();
  } catch (...) {
    result.failure = std::current_exception();
  }
  return result;
}

void add_into(Tensor& sum, const Tensor& term) {
  if (!term.defined()) return;
  sum = sum.defined() ? sum.add_(term) : term.clone();
}

StepLoss mean_loss(const std::vector<ShardResult>& results) {
  const double share = 1.0 / double(results.size());
  StepLoss mean{at::zeros({}), {}};
  for (const ShardResult& result : results) {
    mean.total += result.loss.total * share;
    for (const auto& [name, value] : result.loss.parts) mean.parts[name] += value * share;
  }
  return mean;
}

}  // namespace

StepLoss compute_gradients(Task& task, const Batch& batch, std::uint64_t seed, std::int64_t step,
                           const nn::RunContext& run, const nn::Module::NamedTensors& parameters, std::int64_t shards) {
  std::vector<Tensor> values;
  for (const auto& [name, p] : parameters) values.push_back(p);
  std::vector<ShardResult> results(static_cast<size_t>(shards));
  const auto work = [&](std::int64_t shard) {
    results[size_t(shard)] = run_shard(task, shard_of(batch, shard, shards), mix_seed(seed, "shard", std::uint64_t(shard)),
                                       step, run, values);
  };
  std::vector<std::thread> threads;
  for (std::int64_t shard = 1; shard < shards; ++shard) threads.emplace_back(work, shard);
  work(0);
  for (std::thread& thread : threads) thread.join();
  for (const ShardResult& result : results) {
    if (result.failure) std::rethrow_exception(result.failure);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    Tensor sum;
    for (const ShardResult& result : results) add_into(sum, result.gradients[i]);
    values[i].mutable_grad() = sum.defined() ? sum.div_(double(shards)) : Tensor();
  }
  return mean_loss(results);
}

}  // namespace phonofilm::train
