#include "phonofilm/train/naming.h"

#include <ATen/ops/cross_entropy_loss.h>

#include <algorithm>
#include <numeric>

#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::train {
namespace {

std::vector<std::int64_t> counts_of(const HappeningLabels& labels) {
  std::vector<std::int64_t> counts;
  for (size_t kind = 0; kind < kHappeningKinds.size(); ++kind) counts.push_back(labels.count(kind));
  return counts;
}

double share_right(const Tensor& logits, const Tensor& labels) {
  const Tensor something = labels.gt(0);
  const Tensor right = logits.argmax(-1).eq(labels).logical_and(something);
  return right.sum().item<double>() / std::max(1.0, something.sum().item<double>());
}

std::int64_t divided(std::int64_t size, std::int64_t patch) { return (size + patch - 1) / patch; }

// Means over the left and over the right half of every frame, where two people may stand. tokens: [B, F H W, D] -> [B, F, 2 D]
Tensor halves(const Tensor& tokens, std::int64_t frames, std::int64_t rows, std::int64_t columns) {
  const Tensor grid = tokens.reshape({tokens.size(0), frames, rows, columns, tokens.size(2)}).mean(2);  // [B, F, W, D]
  const std::int64_t left = std::max<std::int64_t>(1, columns / 2), right = std::max<std::int64_t>(1, columns - left);
  return at::cat({grid.narrow(2, 0, left).mean(2), grid.narrow(2, columns - right, right).mean(2)}, -1);
}

}  // namespace

nn::BlockState HiddenTokens::run(std::int64_t index, const nn::BlockFn& block, const nn::BlockState& state) const {
  nn::BlockState after = block(state);
  if (index == block_) kept_ = after;
  return after;
}

Tensor HiddenTokens::first(std::int64_t tokens) const {
  return kept_.empty() ? Tensor() : kept_.front().narrow(1, 0, tokens);
}

Tensor HiddenTokens::last(std::int64_t tokens) const {
  if (kept_.empty()) return {};
  const Tensor& all = kept_.back();
  return all.narrow(1, all.size(1) - tokens, tokens);
}

// It starts at nothing, so that a trained backbone is not shaken by what random names ask of it.
Namer::Namer(std::int64_t width, std::int64_t moments, const HappeningLabels& labels)
    : moments_(moments), counts_(counts_of(labels)),
      names_(*this, "names", width, moments * std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0}),
             nn::Bias::yes, nn::init::zeros()) {}

std::vector<Namer::Answer> Namer::answers(const Tensor& hidden, const Tensor& labels, const nn::RunContext& run) const {
  const std::int64_t all = hidden.size(1) * moments_;
  expect_shape(labels, {hidden.size(0), kAny, std::int64_t(counts_.size())}, "naming: labels");
  PF_CHECK(labels.size(1) <= all && labels.size(1) > all - moments_, ShapeError, "naming", "labels of ",
           labels.size(1), " moments for tokens of ", all);
  Tensor logits = names_.forward(nn::layer_norm(hidden), run).to(at::kFloat);
  logits = logits.reshape({hidden.size(0), all, -1}).narrow(1, all - labels.size(1), labels.size(1)).flatten(0, 1);
  std::vector<Answer> answers;
  std::int64_t first = 0;
  for (size_t kind = 0; kind < counts_.size(); ++kind) {
    answers.push_back({logits.narrow(1, first, counts_[kind]), labels.select(2, std::int64_t(kind)).flatten()});
    first += counts_[kind];
  }
  return answers;
}

Tensor Namer::loss(const Tensor& hidden, const Tensor& labels, const nn::RunContext& run) const {
  Tensor total = at::zeros({}, hidden.options().dtype(at::kFloat));
  for (const Answer& of : answers(hidden, labels, run)) total = total + at::cross_entropy_loss(of.logits, of.labels);
  return total;
}

std::map<std::string, double> Namer::shares(const Tensor& hidden, const Tensor& labels, const nn::RunContext& run) const {
  std::map<std::string, double> shares;
  const std::vector<Answer> all = answers(hidden, labels, run);
  for (size_t kind = 0; kind < all.size(); ++kind) {
    shares[kHappeningKinds[kind]] = share_right(all[kind].logits, all[kind].labels);
  }
  return shares;
}

Naming::Naming(const NamingOptions& options, const nava::NavaConfig& transformer, nn::Module& backbone,
               std::int64_t frame_patch, const HappeningLabels& labels)
    : options_(options), patch_(transformer.patch_size) {
  const std::int64_t blocks = transformer.layers();
  PF_CHECK(options.after < blocks, InvalidRequest, "recipe", "'name_after' is ", options.after,
           ", but the transformer has only ", blocks, " blocks");
  add_child("backbone", backbone);
  if (options.listen > 0) listener_ = std::make_unique<Namer>(transformer.dim, 1, labels), add_child("listener", *listener_);
  if (options.watch > 0) {
    watcher_ = std::make_unique<Namer>(2 * transformer.dim, frame_patch, labels);
    add_child("watcher", *watcher_);
  }
}

void Naming::initialise_namers(std::uint64_t seed) {
  if (listener_) listener_->initialise(mix_seed(seed, "listener"));
  if (watcher_) watcher_->initialise(mix_seed(seed, "watcher"));
}

Tensor Naming::tokens_of_sound(const HiddenTokens& hidden, const Batch& batch) const {
  return hidden.last(batch.at("audio").size(2));
}

Tensor Naming::tokens_of_picture(const HiddenTokens& hidden, const Batch& batch) const {
  const Tensor& video = batch.at("video");  // [B, C, F, H, W]
  const std::int64_t frames = divided(video.size(2), patch_[0]);
  const std::int64_t rows = divided(video.size(3), patch_[1]), columns = divided(video.size(4), patch_[2]);
  return halves(hidden.first(frames * rows * columns), frames, rows, columns);
}

std::vector<Naming::Asked> Naming::asked(const HiddenTokens& hidden, const Batch& batch) const {
  std::vector<Asked> all;
  if (batch.contains("heard")) all.push_back({"heard", options_.listen, *listener_, tokens_of_sound(hidden, batch)});
  if (batch.contains("seen")) all.push_back({"seen", options_.watch, *watcher_, tokens_of_picture(hidden, batch)});
  return all;
}

void Naming::add_to(StepLoss& loss, const HiddenTokens& hidden, const Batch& batch, const nn::RunContext& run) const {
  for (const Asked& of : asked(hidden, batch)) {
    const Tensor part = of.namer.loss(of.tokens, batch.at(of.name), run);
    loss.total = loss.total + of.weight * part;
    loss.parts[of.name] = part.item<double>();
  }
}

std::map<std::string, double> Naming::shares(const HiddenTokens& hidden, const Batch& batch,
                                             const nn::RunContext& run) const {
  std::map<std::string, double> shares;
  for (const Asked& of : asked(hidden, batch)) {
    for (const auto& [kind, share] : of.namer.shares(of.tokens, batch.at(of.name), run)) {
      shares[of.name + (" " + kind)] = share;
    }
  }
  return shares;
}

}  // namespace phonofilm::train
