// All three solvers with Ovi's schedules against golden_solvers.safetensors (testdata/goldens/ovi-tiny): noise levels,
// timesteps and every step of a trajectory.
#include "phonofilm/base/error.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/diffusion/sigma_schedule.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::diffusion;
using namespace phonofilm::test;

namespace {

struct Rule {
  std::string solver;
  std::vector<double> (*sigmas)(std::int64_t steps, double shift);
  double (*timestep)(double sigma);
};

const std::vector<Rule> kRules{
    {"unipc", ovi_unipc_sigmas, [](double sigma) { return double(wan_model_time(sigma)); }},
    {"dpmpp", linear_sigmas, [](double sigma) { return double(wan_model_time(sigma)); }},
    {"euler", ovi_euler_sigmas, [](double sigma) { return 1000 * sigma; }},
};

// The recorded run's velocity.
JointLatent velocity(const JointLatent& latent, double timestep) {
  const Tensor& x = latent.video;
  const Tensor w = at::linspace(-1, 1, 4).view({1, 4, 1, 1, 1});
  return {at::tanh(1.3 * x + w) - 0.5 * x * (timestep / 1000) + 0.2 * w, {}};
}

Tensor as_floats(const std::vector<double>& values) { return at::tensor(values, at::kDouble).to(at::kFloat); }

void expect_run(const weights::SafetensorsFile& file, const Rule& rule, std::int64_t steps, double shift) {
  const std::string name = concat(rule.solver, ".steps", steps, ".shift", std::int64_t(shift), ".");
  INFO(name);
  const std::vector<double> sigmas = rule.sigmas(steps, shift);
  expect_close(as_floats(sigmas), file.at(name + "sigmas"), 1e-6, "sigmas");
  std::vector<double> times;
  for (std::int64_t i = 0; i < steps; ++i) times.push_back(rule.timestep(sigmas[size_t(i)]));
  expect_close(as_floats(times), file.at(name + "timesteps").to(at::kFloat), 1e-6, "timesteps");

  const Tensor trajectory = file.at(name + "trajectory");
  REQUIRE(trajectory.size(0) == steps + 1);
  const auto at_sigma = [&](const JointLatent& x, double sigma) { return velocity(x, rule.timestep(sigma)); };
  const auto observe = [&](std::int64_t i, const JointLatent& x) {
    expect_close(x.video, trajectory[i + 1], 1e-5, concat("after step ", i));
    return true;
  };
  const auto solver = make_solver(rule.solver);
  sample(at_sigma, {trajectory[0], {}}, sigmas, *solver, nullptr, observe);
}

}  // namespace

TEST_CASE("Ovi's schedules and whole trajectories (golden_solvers)") {
  const auto file = weights::SafetensorsFile::open(testdata("goldens/ovi-tiny/golden_solvers.safetensors"));
  for (const Rule& rule : kRules) {
    for (const std::int64_t steps : {50, 8, 2}) expect_run(file, rule, steps, 5);
    expect_run(file, rule, 5, 3);
  }
}
