// An auxiliary task of joint training: from the hidden tokens of the sound inside the transformer a linear layer names what
// is heard at every latent step (heard.h). Words are a small part of what a denoiser errs by, and the whole of what this one
// does, so the model learns sooner to look them up in the text and to place them in time. In the manner of representation
// alignment (REPA, arXiv 2410.06940), with the truth of the rendered world in the place of another network's features.
// Training alone has it; an exported model does not.
#pragma once

#include "phonofilm/families/nava/small_model.h"
#include "phonofilm/nn/block_runner.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/train/heard.h"

namespace phonofilm::train {

// Runs blocks plainly and keeps the tokens after one of them.
class HiddenTokens : public nn::BlockRunner {
 public:
  explicit HiddenTokens(std::int64_t block) : block_(block) {}  // 0, 1, ... over all blocks
  nn::BlockState run(std::int64_t index, const nn::BlockFn& block, const nn::BlockState& state) const override;
  // [B, steps, D]: of the sound, whose tokens are the last ones. Undefined before that block has run.
  Tensor sound(std::int64_t steps) const;

 private:
  std::int64_t block_;
  mutable nn::BlockState kept_;
};

class Listener : public nn::Module {
 public:
  Listener(std::int64_t width, const HeardLabels& labels);  // for tokens of `width` values

  struct Loss {
    Tensor total;  // scalar float32: cross-entropy in nat, the mean over steps, summed over kinds
    std::map<std::string, double> right;  // per kind: of the steps in which something is heard, the share named right
  };
  // hidden: [B, T, D]; labels: int64 [B, T, kinds] of HeardLabels::rows.
  Loss loss(const Tensor& hidden, const Tensor& labels, const nn::RunContext& run) const;

 private:
  std::vector<std::int64_t> counts_;  // of the labels of each kind
  nn::Linear names_;
};

// What is trained where a listener listens.
class ListenedBackbone : public nn::Module {
 public:
  ListenedBackbone(nava::SmallBackbone& backbone, Listener& listener) {
    add_child("backbone", backbone);
    add_child("listener", listener);
  }
};

}  // namespace phonofilm::train
