// Solvers on flows whose solution is known.
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/diffusion/sigma_schedule.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::diffusion;

namespace {

// Data is normal with this mean and standard deviation, so the marginal velocity and its trajectories are known.
constexpr double kMean = 0.7, kStd = 0.5;

double spread(double sigma) { return std::sqrt(sigma * sigma + (1 - sigma) * (1 - sigma) * kStd * kStd); }

JointLatent gaussian_velocity(const JointLatent& latent, double sigma) {
  const double slope = (sigma - (1 - sigma) * kStd * kStd) / (spread(sigma) * spread(sigma));
  return map([&](const Tensor& x) { return slope * (x - (1 - sigma) * kMean) - kMean; }, latent);
}

JointLatent noise() { return {at::linspace(-2, 2, 5).view({1, 1, 1, 1, 5}), at::linspace(-1, 3, 4).view({1, 1, 4})}; }

// The trajectory keeps its quantile: where it starts with the marginal at sigmas[0], it ends with that at the last.
double error_after(const std::string& name, const std::vector<double>& sigmas) {
  const auto solver = make_solver(name);
  const JointLatent start = noise();
  const double first = sigmas.front(), last = sigmas.back();
  const JointLatent end = sample(gaussian_velocity, start, sigmas, *solver, nullptr, nullptr);
  const Tensor quantile = (start.video - (1 - first) * kMean) / spread(first);
  return (end.video - (1 - last) * kMean - spread(last) * quantile).abs().max().item<double>();
}

// Away from the ends, where the multistep rules' log signal-to-noise ratio is finite and steps shrink evenly in it.
std::vector<double> inner_grid(std::int64_t steps) {
  std::vector<double> sigmas;
  for (std::int64_t i = 0; i <= steps; ++i) sigmas.push_back(0.9 - 0.8 * double(i) / double(steps));
  return sigmas;
}

}  // namespace

TEST_CASE("order of convergence") {
  const std::vector<std::pair<std::string, double>> expected{{"euler", 1.0}, {"dpmpp", 2.0}, {"unipc", 2.0}};
  for (const auto& [name, order] : expected) {
    const double coarse = error_after(name, inner_grid(16)), fine = error_after(name, inner_grid(64));
    const double measured = std::log(coarse / fine) / std::log(4.0);
    INFO(name, ": errors ", coarse, " and ", fine, ", order ", measured);
    CHECK(measured > order - 0.25);
  }
}

TEST_CASE("from noise to data, the multistep rules beat Euler") {
  const double euler = error_after("euler", linear_sigmas(16, 1));
  CHECK(euler < 0.1);
  for (const std::string name : {"dpmpp", "unipc"}) {
    INFO(name);
    CHECK(error_after(name, linear_sigmas(16, 1)) < 0.5 * euler);
  }
}

TEST_CASE("one data point is reached exactly in any number of steps") {
  const JointLatent data = noise();
  const auto velocity = [&](const JointLatent& latent, double sigma) {
    return map([&](const Tensor& x, const Tensor& d) { return (x - d) / sigma; }, latent, data);
  };
  for (const std::string& name : solver_names()) {
    for (const std::int64_t steps : {1, 2, 3, 7}) {
      INFO(name, " ", steps);
      const auto solver = make_solver(name);
      const JointLatent start = map([](const Tensor& x) { return x.flip(-1) * 3; }, data);
      const JointLatent end = sample(velocity, start, linear_sigmas(steps, 3), *solver, nullptr, nullptr);
      test::expect_close(end.video, data.video, 1e-5, name);
      test::expect_close(end.audio, data.audio, 1e-5, name);
    }
  }
}

TEST_CASE("with fresh noise the picture ends distributed as the data, by its seed, and the sound as by unipc") {
  const JointLatent start{randn({1, 1, 1, 1, 20000}, make_generator(1)), at::linspace(-1, 3, 4).view({1, 1, 4})};
  const auto run = [&](const std::string& name, std::uint64_t seed) {
    return sample(gaussian_velocity, start, linear_sigmas(40, 3), *make_solver(name, seed), nullptr, nullptr);
  };
  const JointLatent one = run("dpmpp_sde", 1), other = run("dpmpp_sde", 2), plain = run("unipc", 1);
  CHECK(one.video.mean().item<double>() == doctest::Approx(kMean).epsilon(0.02));
  CHECK(one.video.std().item<double>() == doctest::Approx(kStd).epsilon(0.02));
  CHECK(at::equal(one.video, run("dpmpp_sde", 1).video));
  CHECK((one.video - other.video).std().item<double>() > 0.5 * kStd);
  CHECK((one.video - plain.video).std().item<double>() > 0.5 * kStd);
  test::expect_close(one.audio, plain.audio, 0, "sound");
}

TEST_CASE("a solver object starts afresh") {
  for (const std::string& name : solver_names()) {
    const auto solver = make_solver(name);
    const auto run = [&] { return sample(gaussian_velocity, noise(), linear_sigmas(6, 2), *solver, nullptr, nullptr); };
    const Tensor first = run().video;
    CHECK(at::equal(first, run().video));
  }
}

TEST_CASE("hold, observer, cancelling, and a modality that is absent") {
  const JointLatent start{at::ones({1, 1, 3, 2, 2}), {}};
  const auto velocity = [](const JointLatent& x, double) {
    CHECK(x.video.select(2, 0).eq(5).all().item<bool>());
    return map([](const Tensor& t) { return t * 0.1; }, x);
  };
  const auto hold = [](JointLatent& x) { x.video.select(2, 0).fill_(5); };
  const auto solver = make_solver("unipc");
  std::int64_t seen = 0;
  const auto observer = [&](std::int64_t step, const JointLatent&) { return step == seen++; };
  const JointLatent end = sample(velocity, start, linear_sigmas(3, 1), *solver, hold, observer);
  CHECK(seen == 3);
  CHECK_FALSE(end.has_audio());
  CHECK(end.video.select(2, 0).eq(5).all().item<bool>());
  CHECK(start.video.eq(1).all().item<bool>());

  const auto stop = [](std::int64_t step, const JointLatent&) { return step < 1; };
  CHECK_THROWS_AS(sample(velocity, start, linear_sigmas(3, 1), *solver, hold, stop), Cancelled);
}

TEST_CASE("bad requests are refused") {
  CHECK_THROWS_WITH_AS(make_solver("unipcc"), doctest::Contains("unipc"), InvalidRequest);
  const auto solver = make_solver("euler");
  CHECK_THROWS_AS(sample(gaussian_velocity, noise(), {0.5}, *solver, nullptr, nullptr), InvalidRequest);
  CHECK_THROWS_AS(sample(gaussian_velocity, noise(), {0.5, 0.5, 0}, *solver, nullptr, nullptr), InvalidRequest);
  CHECK_THROWS_AS(sample(gaussian_velocity, {}, linear_sigmas(2, 1), *solver, nullptr, nullptr), ShapeError);
}
