// An auxiliary task of joint training: from hidden tokens inside the transformer linear layers name what happens (happenings.h),
// from those of the sound at every latent step, from those of the picture in every picture. What is said and where things are
// is a small part of what a denoiser errs by, and the whole of what this task is about, so the model learns sooner to look it
// up in the text and to place it in time. In the manner of representation alignment (REPA, arXiv 2410.06940), with the
// truth of the rendered world in the place of another network's features. Training alone has it; an exported model does not.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "phonofilm/families/nava/small_model.h"
#include "phonofilm/nn/block_runner.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/train/happenings.h"
#include "phonofilm/train/task.h"

namespace phonofilm::train {

// Runs blocks plainly and keeps the tokens after one of them.
class HiddenTokens : public nn::BlockRunner {
 public:
  explicit HiddenTokens(std::int64_t block) : block_(block) {}  // 0, 1, ... over all blocks
  nn::BlockState run(std::int64_t index, const nn::BlockFn& block, const nn::BlockState& state) const override;
  // [B, tokens, D]: the first and the last tokens of a pass, which are those of the picture and of the sound. Undefined
  // before that block has run.
  Tensor first(std::int64_t tokens) const;
  Tensor last(std::int64_t tokens) const;

 private:
  std::int64_t block_;
  mutable nn::BlockState kept_;
};

// A linear layer for all kinds of happenings.
class Namer : public nn::Module {
 public:
  // For tokens of `width` values, each of `moments` moments.
  Namer(std::int64_t width, std::int64_t moments, const HappeningLabels& labels);

  // Cross-entropy in nat, the mean over moments, summed over kinds; scalar float32. hidden: [B, L, width]; labels: int64
  // [B, M, kinds] of HappeningLabels::rows, of the last M of the L x moments. Throws ShapeError for more or fewer.
  Tensor loss(const Tensor& hidden, const Tensor& labels, const nn::RunContext& run) const;
  // Per kind: of the moments in which something happens, the share named right.
  std::map<std::string, double> shares(const Tensor& hidden, const Tensor& labels, const nn::RunContext& run) const;

 private:
  // What is said of a kind, and what is right.
  struct Answer {
    Tensor logits, labels;  // float32 [B M, count], int64 [B M]
  };
  std::vector<Answer> answers(const Tensor& hidden, const Tensor& labels, const nn::RunContext& run) const;

  std::int64_t moments_;
  std::vector<std::int64_t> counts_;  // of the labels of each kind
  nn::Linear names_;
};

struct NamingOptions {
  double listen = 0, watch = 0;  // weights for sound and picture; 0: nobody does
  std::int64_t after = 0;        // block whose tokens are asked
};

// The namers of both modalities beside the backbone, or beside what is trained in its place: what is trained together.
class Naming : public nn::Module {
 public:
  // frame_patch: pictures per latent frame. Throws InvalidRequest for a block that the transformer does not have.
  Naming(const NamingOptions& options, const nava::NavaConfig& transformer, nn::Module& backbone, std::int64_t frame_patch,
         const HappeningLabels& labels);
  void initialise_namers(std::uint64_t seed);  // alone: the backbone stays as it is
  // hidden: of a pass with the batch's latents "video" and "audio". Its labels are "seen" and "heard"; where they are
  // missing, nothing is asked.
  void add_to(StepLoss& loss, const HiddenTokens& hidden, const Batch& batch, const nn::RunContext& run) const;
  // What share of the moments in which something happens is named right: "heard word", "seen mouth", ...
  std::map<std::string, double> shares(const HiddenTokens& hidden, const Batch& batch, const nn::RunContext& run) const;

 private:
  // One that a batch has labels for, under their name.
  struct Asked {
    const char* name;
    double weight;
    const Namer& namer;
    Tensor tokens;
  };
  std::vector<Asked> asked(const HiddenTokens& hidden, const Batch& batch) const;
  Tensor tokens_of_sound(const HiddenTokens& hidden, const Batch& batch) const;    // [B, T, D]
  Tensor tokens_of_picture(const HiddenTokens& hidden, const Batch& batch) const;  // [B, F, 2 D]

  NamingOptions options_;
  std::vector<std::int64_t> patch_;  // latent frames, rows, columns per token
  std::unique_ptr<Namer> listener_, watcher_;
};

}  // namespace phonofilm::train
