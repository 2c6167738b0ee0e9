// The step rules behind make_solver(). A velocity model v gives the data prediction x0 = x - sigma v and, with
// alpha = 1 - sigma, the log signal-to-noise ratio lambda = log(alpha / sigma) in which the multistep rules are exact
// for a constant x0. Coefficients are computed in float64, latents stay float32. A last sigma of 0 gives x0 itself.
#pragma once

#include <vector>

#include "phonofilm/diffusion/sample.h"

namespace phonofilm::diffusion {

// x + v (sigma' - sigma).
class EulerSolver : public Solver {
 public:
  void start(const std::vector<double>& sigmas) override { sigmas_ = sigmas; }
  JointLatent step(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) override;

 private:
  std::vector<double> sigmas_;
};

// DPM-Solver++ 2M (Lu et al. 2022) for straight flows: second order from the second step on, first order at the last.
class DpmppSolver : public Solver {
 public:
  void start(const std::vector<double>& sigmas) override;
  JointLatent step(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) override;
  SolverMemory memory() const override;
  void recall(const SolverMemory& memory) override;

 protected:
  double sigma(std::int64_t i) const { return sigmas_[size_t(i)]; }
  // The data prediction at sigmas[i], extrapolated to the middle of the step; remembers it for the next step.
  JointLatent extrapolated(std::int64_t i, const JointLatent& latent, const JointLatent& velocity);

 private:
  std::vector<double> sigmas_;
  JointLatent previous_data_;
};

// The same, but from sigma 0.85 to 0.5 the steps of the picture are those of the reverse stochastic equation
// (SDE-DPM-Solver++ 2M of the same paper): each takes out more noise than the ordinary one does and puts fresh noise in,
// which mends what earlier steps did wrong. Only middle levels, as Karras et al. (2022, algorithm 2) advise: above, it would
// undo what is being decided (docs/training.md has figures), below, it would stay. Fresh noise is a function of (seed, step),
// so that a run can be resumed.
class SdeDpmppSolver : public DpmppSolver {
 public:
  explicit SdeDpmppSolver(std::uint64_t seed) : seed_(seed) {}
  JointLatent step(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) override;

 private:
  std::uint64_t seed_;
};

// UniPC (Zhao et al. 2023), order 2, "bh2", predicting x0, corrector from the second step on: Wan 2.2's flow variant.
class UniPcSolver : public Solver {
 public:
  void start(const std::vector<double>& sigmas) override;
  JointLatent step(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) override;
  SolverMemory memory() const override;
  void recall(const SolverMemory& memory) override;

 private:
  int order(std::int64_t i) const;  // of the predictor of step i
  JointLatent predict(std::int64_t i, const JointLatent& latent, const JointLatent& data) const;
  JointLatent correct(std::int64_t i, const JointLatent& data) const;  // the latent at sigmas[i], given x0 there

  std::vector<double> sigmas_;
  JointLatent last_latent_;                // where the last predictor started
  JointLatent last_data_, previous_data_;  // x0 at sigmas[i - 1] and sigmas[i - 2]
};

// One rule for the picture, another for the sound.
class TwoRuleSolver : public Solver {
 public:
  TwoRuleSolver(std::unique_ptr<Solver> picture, std::unique_ptr<Solver> sound)
      : picture_(std::move(picture)), sound_(std::move(sound)) {}
  void start(const std::vector<double>& sigmas) override;
  JointLatent step(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) override;
  SolverMemory memory() const override;
  void recall(const SolverMemory& memory) override;

 private:
  std::unique_ptr<Solver> picture_, sound_;
};

}  // namespace phonofilm::diffusion
