// The one seam in every block loop. How a block is executed (plainly, with activation checkpointing, with weights
// streamed from host memory, skipped by a step cache) is a runner's business; model code knows none of it.
#pragma once

#include <functional>
#include <vector>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn {

using BlockState = std::vector<Tensor>;  // the residual streams that blocks hand on; a stream may be undefined
using BlockFn = std::function<BlockState(const BlockState&)>;

class BlockRunner {
 public:
  virtual ~BlockRunner() = default;
  // The state after block `index` (0, 1, ... over all blocks of the model). `block` is pure and may be called again
  // in the backward pass.
  virtual BlockState run(std::int64_t index, const BlockFn& block, const BlockState& state) const = 0;
};

class PlainRunner : public BlockRunner {
 public:
  BlockState run(std::int64_t, const BlockFn& block, const BlockState& state) const override { return block(state); }
};

}  // namespace phonofilm::nn
