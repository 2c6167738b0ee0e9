// The sampling loop: a solver walks a sigma schedule from noise to data, asking a velocity function at each step.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "phonofilm/base/progress.h"
#include "phonofilm/diffusion/joint_latent.h"

namespace phonofilm::diffusion {

// What a step rule remembers of earlier steps, by name.
using SolverMemory = std::map<std::string, JointLatent>;

// One step rule with its memory of earlier steps. One object serves one sample() call.
class Solver {
 public:
  virtual ~Solver() = default;
  // Starts a run over `sigmas`: N + 1 values from near 1 down to 0.
  virtual void start(const std::vector<double>& sigmas) = 0;
  // The latent at sigmas[i + 1], given the latent at sigmas[i] and its velocity there.
  virtual JointLatent step(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) = 0;
  // What the next step needs beside the latent; recall() gives it back to a solver that was just started, which then goes on
  // as if it had made the earlier steps itself. Throws InvalidRequest for the memory of another rule.
  virtual SolverMemory memory() const { return {}; }
  virtual void recall(const SolverMemory& memory);
};

// "euler", "unipc" (order 2, bh2, predict-x0; Zhao et al. 2023), "dpmpp" (DPM-Solver++ 2M; Lu et al. 2022) or "dpmpp_sde" (for the
// picture the same with fresh noise at middle levels, drawn from `seed`, SDE-DPM-Solver++ 2M of the same paper; for the sound unipc).
// Throws InvalidRequest for another name, offering the nearest.
std::unique_ptr<Solver> make_solver(const std::string& name, std::uint64_t seed = 0);
const std::vector<std::string>& solver_names();

// Called after every step with the latent so far; returning false stops the run: sample() then throws Cancelled.
using StepObserver = std::function<bool(std::int64_t step, const JointLatent& latent)>;
// Overwrites what is held clean (a given first frame) before each velocity and once after the last step.
using HoldFn = std::function<void(JointLatent& latent)>;

// Where an interrupted run goes on: with the latent after so many steps in the place of the noise.
struct SampleStart {
  std::int64_t steps_done = 0;
  SolverMemory memory{};
};

// Runs all steps that are left in float32 and returns the final latent. Throws InvalidRequest where none is left.
JointLatent sample(const VelocityFn& velocity, JointLatent noise, const std::vector<double>& sigmas, Solver& solver,
                   const HoldFn& hold, const StepObserver& observer, const SampleStart& from = {});

}  // namespace phonofilm::diffusion
