#include "phonofilm/dsp/resample.h"

#include <cmath>
#include <numbers>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;

namespace {

Tensor sine(double hz, double rate, std::int64_t samples) {
  return (at::arange(samples, at::kDouble) * (2 * std::numbers::pi * hz / rate) + 0.3).sin().to(at::kFloat);
}

// The middle, where the edges are out of the filter's reach.
Tensor middle(const Tensor& x) { return x.narrow(0, x.size(0) / 4, x.size(0) / 2); }

}  // namespace

TEST_CASE("a sine below both Nyquist frequencies is the same sine at the new rate, to the sample") {
  for (const auto& [from, to] : {std::pair<std::int64_t, std::int64_t>{16000, 44100},
                                 {44100, 16000},
                                 {48000, 16000},
                                 {16000, 24000},
                                 {22050, 16000}}) {
    const Tensor out = dsp::resample(sine(1234.5, double(from), from / 4), from, to);
    REQUIRE(out.size(0) == (from / 4 * to + from - 1) / from);
    test::expect_close(middle(out), middle(sine(1234.5, double(to), out.size(0))), 2e-4);
  }
}

TEST_CASE("what lies above the new Nyquist frequency is removed") {
  const Tensor out = dsp::resample(sine(11000, 48000, 24000), 48000, 16000);
  CHECK(middle(out).abs().max().item<double>() < 1e-4);
}

TEST_CASE("leading axes, equal rates and gradients") {
  const Tensor x = at::stack({sine(300, 16000, 1000), sine(500, 16000, 1000)}).unsqueeze(0);
  const Tensor y = dsp::resample(x, 16000, 8000);
  REQUIRE(y.sizes() == at::IntArrayRef({1, 2, 500}));
  test::expect_close(y[0][1], dsp::resample(x[0][1], 16000, 8000), 1e-6);
  CHECK(at::equal(dsp::resample(x, 8000, 8000), x));
  Tensor z = x.clone().requires_grad_();
  dsp::resample(z, 16000, 12000).square().sum().backward();
  CHECK(z.grad().abs().min().item<double>() >= 0);
  CHECK(z.grad().abs().sum().item<double>() > 1);
  CHECK_THROWS_AS(dsp::resample(x, 0, 8000), InvalidRequest);
}
