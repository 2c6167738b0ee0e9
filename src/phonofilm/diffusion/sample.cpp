#include "phonofilm/diffusion/sample.h"

#include "phonofilm/base/error.h"
#include "phonofilm/diffusion/solvers.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::diffusion {

const std::vector<std::string>& solver_names() {
  static const std::vector<std::string> names{"euler", "unipc", "dpmpp", "dpmpp_sde"};
  return names;
}

std::unique_ptr<Solver> make_solver(const std::string& name, std::uint64_t seed) {
  if (name == "euler") return std::make_unique<EulerSolver>();
  if (name == "unipc") return std::make_unique<UniPcSolver>();
  if (name == "dpmpp") return std::make_unique<DpmppSolver>();
  if (name == "dpmpp_sde") {
    return std::make_unique<TwoRuleSolver>(std::make_unique<SdeDpmppSolver>(seed), std::make_unique<UniPcSolver>());
  }
  throw InvalidRequest("sample", concat("unknown solver '", name, "', expected one of ", join(solver_names(), ", "),
                                        did_you_mean(name, solver_names())));
}

void Solver::recall(const SolverMemory& memory) {
  PF_CHECK(memory.empty(), InvalidRequest, "resume", "this solver remembers nothing, the saved latent has ", memory.size(),
           " latents of another solver's memory");
}

namespace {

void check_sigmas(const std::vector<double>& sigmas) {
  PF_CHECK(sigmas.size() >= 2, InvalidRequest, "sample", "a schedule needs at least one step");
  for (size_t i = 0; i + 1 < sigmas.size(); ++i) {
    PF_CHECK(sigmas[i] <= 1 && sigmas[i] > sigmas[i + 1] && sigmas[i + 1] >= 0, InvalidRequest, "sample",
             "sigmas must fall strictly within [0, 1]; number ", i, " is ", sigmas[i], ", the next ", sigmas[i + 1]);
  }
}

}  // namespace

JointLatent sample(const VelocityFn& velocity, JointLatent noise, const std::vector<double>& sigmas, Solver& solver,
                   const HoldFn& hold, const StepObserver& observer, const SampleStart& from) {
  check_sigmas(sigmas);
  PF_CHECK(noise.has_video() || noise.has_audio(), ShapeError, "sample", "neither a video nor an audio latent given");
  const auto steps = std::int64_t(sigmas.size()) - 1;
  PF_CHECK(from.steps_done >= 0 && from.steps_done < steps, InvalidRequest, "resume", "the latent is at step ",
           from.steps_done, ", the schedule has ", steps, " steps");
  // A copy of its own, because `hold` writes in place.
  JointLatent latent = map([](const Tensor& x) { return x.to(at::kFloat, false, /*copy=*/true); }, noise);
  solver.start(sigmas);
  if (from.steps_done > 0) solver.recall(from.memory);
  for (std::int64_t i = from.steps_done; i < steps; ++i) {
    if (hold) hold(latent);
    const JointLatent v = map([](const Tensor& x) { return x.to(at::kFloat); }, velocity(latent, sigmas[size_t(i)]));
    latent = solver.step(i, latent, v);
    const bool go_on = !observer || observer(i, latent);
    PF_CHECK(go_on, Cancelled, "sample", "stopped after step ", i + 1, " of ", steps);
  }
  if (hold) hold(latent);
  return latent;
}

}  // namespace phonofilm::diffusion
