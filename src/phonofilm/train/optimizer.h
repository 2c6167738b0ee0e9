// AdamW (Loshchilov and Hutter 2019) for all parameters, or Muon (Jordan et al. 2024) for the matrices among them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "phonofilm/nn/module.h"
#include "phonofilm/train/recipe.h"

namespace phonofilm::train {

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // Updates the parameters that have a gradient, and leaves the others and their moments as they are: a momentum alone
  // would move them on, with Muon by a whole step. lr_factor scales all learning rates.
  virtual void step(double lr_factor) = 0;
  // State by name ("adam.m.blocks.0.weight"), sharing storage; steps are counted inside.
  virtual std::map<std::string, Tensor> state() const = 0;
  virtual void load_state(const std::map<std::string, Tensor>& state) = 0;  // throws CheckpointError
};

// threads: over which Muon shares its matrices out; the result does not depend on it.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, const nn::Module::NamedTensors& parameters,
                                          std::int64_t threads = 1);

// Global L2 norm of the gradients; scales them down to `max_norm` if it is above (0: never). A non-finite norm is
// returned as it is and leaves the gradients alone.
double clip_gradients(const nn::Module::NamedTensors& parameters, double max_norm);

// The orthogonal factor of each matrix, approximately: five quintic Newton-Schulz iterations in bfloat16 that push
// all singular values towards 1. matrices: [n, rows, columns].
Tensor orthogonalise(const Tensor& matrices);

}  // namespace phonofilm::train
