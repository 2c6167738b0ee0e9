// What a run must remember to go on as if it had never stopped.
#pragma once

#include <memory>
#include <string>

#include "phonofilm/train/ema.h"
#include "phonofilm/train/optimizer.h"

namespace phonofilm::train {

struct TrainState {
  nn::Module::NamedTensors parameters;
  std::unique_ptr<Optimizer> optimizer;
  Ema ema;
  std::int64_t step = 0;     // the next one to take
  std::int64_t skipped = 0;  // non-finite steps so far
};

// `fingerprint` identifies the recipe. Atomic: a crash while saving leaves the previous checkpoint.
void save_state(const std::string& path, const TrainState& state, const std::string& fingerprint);
// Throws InvalidRequest, which tells what differs, if the checkpoint was made by another recipe.
void check_recipe(const std::string& path, const std::string& fingerprint);
// Throws as check_recipe does, and CheckpointError if the checkpoint is damaged.
void load_state(const std::string& path, TrainState& state, const std::string& fingerprint);

}  // namespace phonofilm::train
