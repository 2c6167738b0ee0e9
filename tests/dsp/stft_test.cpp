#include "phonofilm/dsp/stft.h"

#include <cmath>
#include <complex>
#include <numbers>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

using namespace phonofilm;

namespace {

// Sample i of x reflected at its ends without repeating them.
double reflected(const Tensor& x, std::int64_t i) {
  const std::int64_t last = x.size(0) - 1;
  if (i < 0) i = -i;
  if (i > last) i = 2 * last - i;
  return x[i].item<double>();
}

// Bin k of the frame centred on sample `centre`, by the definition.
std::complex<double> direct_dft(const Tensor& x, std::int64_t fft, std::int64_t first, std::int64_t k) {
  std::complex<double> sum = 0;
  for (std::int64_t n = 0; n < fft; ++n) {
    const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * double(n) / double(fft));
    sum += window * reflected(x, first + n) * std::polar(1.0, -2 * std::numbers::pi * double(k * n) / double(fft));
  }
  return sum;
}

}  // namespace

TEST_CASE("the transform is the windowed DFT of its definition") {
  const Tensor x = randn({1, 200}, make_generator(1));
  const dsp::StftConfig centred{32, 8}, inner{32, 8, dsp::Framing::inner};
  const Tensor a = dsp::stft(x, centred), b = dsp::stft(x, inner);
  REQUIRE(a.sizes() == at::IntArrayRef({1, 17, 200 / 8 + 1}));
  REQUIRE(b.sizes() == at::IntArrayRef({1, 17, 200 / 8}));
  for (const std::int64_t frame : {0, 1, 7, 24}) {
    for (const std::int64_t bin : {0, 1, 9, 16}) {
      const auto value = [&](const Tensor& s) {
        return std::complex<double>(at::real(s)[0][bin][frame].item<double>(),
                                    at::imag(s)[0][bin][frame].item<double>());
      };
      CHECK(std::abs(value(a) - direct_dft(x[0], 32, frame * 8 - 16, bin)) < 1e-4);
      CHECK(std::abs(value(b) - direct_dft(x[0], 32, frame * 8 - 12, bin)) < 1e-4);
    }
  }
}

TEST_CASE("the inverse rebuilds the waveform, with and without the last frame") {
  const Tensor x = randn({2, 4096}, make_generator(2));
  const dsp::StftConfig config{1024, 256};
  const Tensor spectrum = dsp::stft(x, config);
  test::expect_close(dsp::istft(spectrum, config, 4096), x, 1e-5, "all frames");
  // Without the frame that is centred beyond the end, only the samples that it shares can differ.
  const Tensor cut = dsp::istft(spectrum.narrow(2, 0, 16), config, 4096);
  test::expect_close(cut, x, 1e-5, "last frame dropped");
}

TEST_CASE("magnitude has a finite gradient at zero") {
  Tensor x = at::zeros({1, 256}).requires_grad_();
  dsp::magnitude(dsp::stft(x, {64, 16})).sum().backward();
  CHECK(at::isfinite(x.grad()).all().item<bool>());
}

TEST_CASE("bad lengths are refused") {
  CHECK_THROWS_AS(dsp::stft(at::zeros({1, 100}), {1024, 256}), ShapeError);
  CHECK_THROWS_AS(dsp::stft(at::zeros({100}), {64, 16}), ShapeError);
  CHECK_THROWS_AS(dsp::stft(at::zeros({1, 100}), {63, 16}), InvalidRequest);
  const Tensor spectrum = dsp::stft(at::zeros({1, 256}), {64, 16});
  CHECK_THROWS_AS(dsp::istft(spectrum, {64, 16}, 100000), ShapeError);
}
