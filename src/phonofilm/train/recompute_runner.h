// Activation checkpointing (Chen et al. 2016, arXiv 1604.06174): blocks keep their input alone and are computed again
// in the backward pass. Memory for activations shrinks to one block's, for a third more computation; gradients are the
// same up to the order of their sums.
#pragma once

#include "phonofilm/nn/block_runner.h"

namespace phonofilm::train {

// Gradients also reach what a block function has captured (weights, keys of the text, the time's modulation), because
// the edges by which its graph leaves the block are remembered. Of the tensors that one block captures none may be
// computed from another: its gradient would be counted twice. Without gradients this is a PlainRunner.
class RecomputeRunner : public nn::BlockRunner {
 public:
  nn::BlockState run(std::int64_t index, const nn::BlockFn& block, const nn::BlockState& state) const override;
};

}  // namespace phonofilm::train
