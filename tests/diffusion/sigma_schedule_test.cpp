// Schedules against golden_schedule.safetensors (testdata/goldens/nava-tiny).
#include "phonofilm/diffusion/sigma_schedule.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::diffusion;
using namespace phonofilm::test;

namespace {
weights::SafetensorsFile golden() {
  return weights::SafetensorsFile::open(testdata("goldens/nava-tiny/golden_schedule.safetensors"));
}
Tensor as_floats(const std::vector<double>& values) { return at::tensor(values, at::kDouble).to(at::kFloat); }
}  // namespace

TEST_CASE("UniPC sigmas and integer times") {
  const auto file = golden();
  for (const std::int64_t steps : {4, 8, 25, 50}) {
    const std::string name = "unipc.steps" + std::to_string(steps);
    const std::vector<double> sigmas = wan_unipc_sigmas(steps, 5);
    expect_close(as_floats(sigmas), file.at(name + ".sigmas"), 1e-7, name);
    const Tensor times = file.at(name + ".timesteps");
    REQUIRE(times.size(0) == steps);
    for (std::int64_t i = 0; i < steps; ++i) CHECK(wan_model_time(sigmas[size_t(i)]) == times[i].item<std::int64_t>());
  }
}

TEST_CASE("NAVA's Euler grid") {
  const auto file = golden();
  for (const std::int64_t steps : {4, 25, 50, 1000}) {
    std::vector<double> sigmas = nava_euler_sigmas(steps, 5);
    CHECK(sigmas.back() == 0);
    sigmas.pop_back();
    expect_close(as_floats(sigmas), file.at("euler.steps" + std::to_string(steps) + ".sigmas"), 1e-6);
  }
}

TEST_CASE("shift moves steps to high noise and keeps the ends") {
  CHECK(shift_sigma(0, 5) == 0);
  CHECK(shift_sigma(1, 5) == 1);
  CHECK(shift_sigma(0.5, 1) == 0.5);
  CHECK(shift_sigma(0.5, 3) == doctest::Approx(0.75));
  const std::vector<double> sigmas = linear_sigmas(4, 1);
  CHECK(sigmas == std::vector<double>{1, 0.75, 0.5, 0.25, 0});
  CHECK_THROWS_AS(linear_sigmas(0, 1), InvalidRequest);
  CHECK_THROWS_AS(linear_sigmas(4, 0), InvalidRequest);
}
