// A recipe is one JSON file that says everything about a training run except where it is written:
//   { "task": "video_autoencoder", "seed": 1, "steps": 3000, "dtype": "bfloat16",
//     "optimizer": {...}, "schedule": {...}, "options": { what the task itself needs } }
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "phonofilm/base/fields.h"

namespace phonofilm::train {

struct OptimizerOptions {
  std::string name = "adamw";  // "adamw", or "muon" for matrices with AdamW for the rest
  double lr = 1e-3;            // of AdamW
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0.01;
  double muon_lr = 0.02, muon_momentum = 0.95, muon_weight_decay = 0.0;
  std::vector<std::string> adam_only{};  // parameters whose names contain one of these never go to Muon
  double clip = 1.0;                   // largest global gradient norm; 0 switches clipping off
  Fields fields();
};

struct ScheduleOptions {
  std::int64_t warmup = 50;      // steps of linear warm-up
  std::string decay = "cosine";  // "constant", "cosine" over the whole run, or "tail": linear over the last part
  double tail = 0.3;             // the part of the run over which "tail" decays
  double final_factor = 0.02;    // of the learning rate at the last step
  Fields fields();
};

struct RunOptions {
  std::string task;
  std::int64_t seed = 1, steps = 1000;
  std::string dtype = "float32";  // of matrix products; weights, gradients and optimizer stay float32
  double ema = 0.995;
  std::int64_t shards = 1;         // parts of a batch that are computed side by side, each in its own thread
  std::int64_t threads = 0;        // of the math library per shard; 0 = all cores
  std::int64_t batch_threads = 1;  // that prepare batches ahead
  std::int64_t validate_every = 500, sample_every = 1000, checkpoint_every = 500, log_every = 10;
  Fields fields();
};

struct Recipe {
  std::string path;  // for messages
  RunOptions run;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  std::shared_ptr<const nlohmann::json> options;  // the task's own section
};

// The JSON of a recipe file. With "like": "other.json" it is that recipe, beside this file, with this one's keys over it (JSON
// Merge Patch, RFC 7396: sections are merged, null removes a key). Throws InvalidRequest for files that are like each other.
nlohmann::json read_recipe(const std::string& path);

// Throws InvalidRequest for unknown keys (offering the nearest), wrong types or values out of range.
Recipe load_recipe(const std::string& path);
Recipe parse_recipe(const nlohmann::json& json, const std::string& where);

}  // namespace phonofilm::train
