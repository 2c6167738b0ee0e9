// What the blocks of Wan's line share beside attention: the feed-forward layers and the modulation table.
#pragma once

#include "phonofilm/nn/layers.h"

namespace phonofilm::dit {

// "ffn": Linear, GELU (tanh form), Linear.
class FeedForward {
 public:
  FeedForward(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t hidden);
  Tensor forward(const Tensor& x, const nn::RunContext& run) const;  // [B, L, D] -> [B, L, D]

 private:
  nn::Linear input_, output_;
};

// The places of a block's six modulation vectors: of self-attention, then of the feed-forward layers.
enum ModulationRow { kShift1, kScale1, kGate1, kShift2, kScale2, kGate2 };

// The learned table that a block adds to the timestep's six modulation vectors. The doubled name is the publisher's.
class ModulationTable : public nn::Module {
 public:
  ModulationTable(nn::Module& parent, const std::string& name, std::int64_t width);
  // e0: [B, R, 6, D] -> six of [B, R, D], in the order of ModulationRow
  std::vector<Tensor> forward(const Tensor& e0) const;

 private:
  Tensor& modulation_;  // [1, 6, D]
};

}  // namespace phonofilm::dit
