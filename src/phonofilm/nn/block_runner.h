// The one seam in every block loop. How a block is executed (plainly, with activation checkpointing, with weights
// streamed from host memory, skipped by a step cache) is a runner's business; model code knows none of it.
#pragma once

#include <functional>
#include <vector>

#include "phonofilm/base/progress.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn {

using BlockState = std::vector<Tensor>;  // the residual streams that blocks hand on; a stream may be undefined
using BlockFn = std::function<BlockState(const BlockState&)>;

class Module;
// Element i: the modules whose parameters block i reads and no other block does, e.g. one of each tower.
using BlockModules = std::vector<std::vector<Module*>>;

class BlockRunner {
 public:
  virtual ~BlockRunner() = default;
  // A hint, before a pass: the blocks that it will run, in this order. A model that passes some by gives it.
  virtual void announce(const std::vector<std::int64_t>& /*order*/) const {}
  // The state after block `index` (0, 1, ... over all blocks of the model). `block` is pure and may be called again
  // in the backward pass.
  virtual BlockState run(std::int64_t index, const BlockFn& block, const BlockState& state) const = 0;
};

class PlainRunner : public BlockRunner {
 public:
  BlockState run(std::int64_t, const BlockFn& block, const BlockState& state) const override { return block(state); }
};

// Reports every finished block of one pass; a `false` of the observer stops the pass.
class ObservedRunner : public BlockRunner {
 public:
  // `inner` must outlive this runner; total: blocks of the pass.
  ObservedRunner(const BlockRunner& inner, std::string stage, std::int64_t total, Observer observer)
      : inner_(inner), stage_(std::move(stage)), total_(total), observer_(std::move(observer)) {}
  void announce(const std::vector<std::int64_t>& order) const override { inner_.announce(order); }
  // Throws Cancelled.
  BlockState run(std::int64_t index, const BlockFn& block, const BlockState& state) const override;

 private:
  const BlockRunner& inner_;
  std::string stage_;
  std::int64_t total_;
  Observer observer_;
};

}  // namespace phonofilm::nn
