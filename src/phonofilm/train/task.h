// What one training run optimises. The trainer knows optimizers, checkpoints and progress; a task knows one model,
// its data and its loss.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/nn/module.h"
#include "phonofilm/nn/run_context.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::train {

// One batch: whatever tensors a task's loss needs, by name. It is a pure function of (seed, step), so that a resumed
// run sees the same data; drawing it is independent of the model and happens in a background thread.
using Batch = std::map<std::string, Tensor>;

struct StepLoss {
  Tensor total;                         // scalar, float32, to be differentiated
  std::map<std::string, double> parts;  // for the log, e.g. {"video", 0.13}
};

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string name() const = 0;  // as in the recipe: "video_autoencoder"
  virtual nn::Module& model() = 0;
  // What the user should know of the data, e.g. what was left out.
  virtual std::vector<std::string> notices() const { return {}; }

  // Data of a step. Must not touch the model's weights; called from one background thread, ahead of time.
  virtual Batch batch(std::uint64_t seed, std::int64_t step) const = 0;
  // All randomness comes from the batch or from (seed, step). May be called from several threads at once, each with
  // its part of the batch and its own seed.
  virtual StepLoss loss(const Batch& batch, std::uint64_t seed, std::int64_t step, const nn::RunContext& run) = 0;

  // Held-out figures of the current weights (the trainer has put the EMA weights into the model).
  virtual std::map<std::string, double> validate(const nn::RunContext& run) = 0;
  // Sample films, contact sheets, spectrograms of the current weights, written below `folder`.
  virtual void write_samples(const std::string& folder, std::int64_t step, const nn::RunContext& run) = 0;

  // Writes config and weights (float tensors in the model now, stored as bfloat16) into a model folder.
  virtual void export_model(const std::string& folder) const = 0;
};

}  // namespace phonofilm::train
