// The training loop: batches ahead in the background, gradient clipping, non-finite steps skipped and counted, EMA,
// checkpoints that appear whole and resume bit-exactly, metrics, validation and samples.
//
// Everything random is a pure function of (seed, step), so the complete state of a run is its weights, averaged
// weights, optimizer state and step number.
#pragma once

#include "phonofilm/base/progress.h"
#include "phonofilm/train/recipe.h"
#include "phonofilm/train/task.h"

namespace phonofilm::train {

struct TrainOptions {
  std::string folder;             // checkpoint.safetensors, metrics.jsonl, samples/, model/ go here
  bool resume = false;            // go on from the folder's checkpoint; without one, start afresh
  std::int64_t stop_after = 0;    // stop (with a checkpoint) after this step; 0 runs to the end
  Observer observer = ignore_progress;  // false stops with a checkpoint and throws Cancelled
};

struct TrainResult {
  std::int64_t steps = 0;    // optimizer steps of the whole run so far, skipped ones included
  std::int64_t skipped = 0;  // steps with a non-finite loss or gradient, which changed nothing
  std::map<std::string, double> validation;  // of the averaged weights, when the run reached its end
};

// What train() refuses of a folder, for callers who pay for making a task: InvalidRequest where the folder holds a run
// and `resume` is false, or a run of another recipe; CheckpointError where its checkpoint cannot be opened.
void check_folder(const Recipe& recipe, const std::string& folder, bool resume);

// Trains `task` by `recipe`. At the end the task's averaged weights are exported to folder/model.
// Throws as check_folder does, and CheckpointError for a damaged checkpoint.
TrainResult train(Task& task, const Recipe& recipe, const TrainOptions& options);

}  // namespace phonofilm::train
