#include "phonofilm/tensor/random.h"

#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;

TEST_CASE("tensor random: one seed, one tensor; the generator moves on") {
  at::Generator a = make_generator(7), b = make_generator(7), c = make_generator(8);
  const Tensor first = randn({4, 100}, a);
  CHECK((first.scalar_type() == at::kFloat));
  CHECK(at::equal(first, randn({4, 100}, b)));
  CHECK_FALSE(at::equal(first, randn({4, 100}, a)));
  CHECK_FALSE(at::equal(first, randn({4, 100}, c)));
}

// torch.manual_seed(0); torch.randn(3) and torch.rand(3), as PyTorch prints them: films are reproducible from either side.
TEST_CASE("tensor random: the numbers are PyTorch's") {
  const Tensor normal = randn({3}, make_generator(0)), uniform = rand_uniform({3}, make_generator(0));
  const double expected_normal[] = {1.5410, -0.2934, -2.1788}, expected_uniform[] = {0.4963, 0.7682, 0.0885};
  for (int i = 0; i < 3; ++i) {
    CHECK(std::abs(normal[i].item<double>() - expected_normal[i]) < 1e-4);
    CHECK(std::abs(uniform[i].item<double>() - expected_uniform[i]) < 1e-4);
  }
}

TEST_CASE("tensor random: moments and bounds") {
  const Tensor normal = randn({20000}, make_generator(1)), uniform = rand_uniform({20000}, make_generator(1));
  CHECK(std::abs(normal.mean().item<double>()) < 0.03);
  CHECK(std::abs((normal * normal).mean().item<double>() - 1) < 0.03);
  CHECK(uniform.min().item<double>() >= 0);
  CHECK(uniform.max().item<double>() < 1);
}
