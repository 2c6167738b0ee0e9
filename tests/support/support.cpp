#include "support/support.h"

#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::test {

std::string testdata(const std::string& name) {
  return (std::filesystem::path(PHONOFILM_SOURCE_DIR) / "testdata" / name).string();
}

double relative_error(const Tensor& actual, const Tensor& expected) {
  const Tensor a = actual.detach().to(at::kDouble), e = expected.detach().to(at::kDouble);
  return (a - e).norm().item<double>() / std::max(e.norm().item<double>(), 1e-30);
}

void expect_close(const Tensor& actual, const Tensor& expected, double relative_tolerance, const std::string& what) {
  INFO(what);
  REQUIRE(actual.defined());
  REQUIRE(shape_text(actual.sizes()) == shape_text(expected.sizes()));
  const double error = relative_error(actual, expected);
  const Tensor difference = (actual.detach().to(at::kDouble) - expected.detach().to(at::kDouble)).abs().flatten();
  if (difference.numel() > 0) {
    const auto worst = difference.argmax().item<std::int64_t>();
    INFO("worst element ", worst, ": ", actual.flatten()[worst].item<double>(), " against ",
         expected.flatten()[worst].item<double>());
    CHECK(error <= relative_tolerance);
  }
}

}  // namespace phonofilm::test
