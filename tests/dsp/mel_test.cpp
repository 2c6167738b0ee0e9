#include "phonofilm/dsp/mel.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;

namespace {

Tensor sine(double hz, std::int64_t samples, double amplitude) {
  return (at::arange(samples, at::kDouble) * (2 * std::numbers::pi * hz / 16000))
      .sin()
      .mul(amplitude)
      .to(at::kFloat)
      .unsqueeze(0);
}

double htk(double hz) { return 2595 * std::log10(1 + hz / 700); }

}  // namespace

TEST_CASE("HTK triangles: peaks at equal mel steps, neighbours sum to one between the first and the last peak") {
  const dsp::MelConfig config;
  const Tensor bank = dsp::mel_filterbank(config);
  REQUIRE(bank.sizes() == at::IntArrayRef({80, 513}));
  CHECK((bank >= 0).all().item<bool>());
  CHECK(bank.max().item<double>() <= 1);
  const double step = (htk(8000) - htk(20)) / 81;
  for (std::int64_t k = 0; k <= 512; ++k) {
    const double position = (htk(double(k) * 15.625) - htk(20)) / step;  // 1 is the peak of band 0, 80 of band 79
    if (position < 1 || position > 80) continue;
    CHECK(bank.select(1, k).sum().item<double>() == doctest::Approx(1).epsilon(1e-5));
    CHECK(std::abs(double(at::argmax(bank.select(1, k)).item<std::int64_t>()) - (position - 1)) <= 0.51);
  }
}

TEST_CASE("Slaney triangles: unit areas, linear below 1 kHz") {
  dsp::MelConfig config;
  config.scale = config.norm = "slaney";
  config.fmin = 0;
  config.fft = 4096;  // fine enough for the sum to be the integral
  const Tensor areas = dsp::mel_filterbank(config).sum(1) * (16000.0 / 4096);
  CHECK((areas - 1).abs().max().item<double>() < 0.02);
  const Tensor peaks = at::argmax(dsp::mel_filterbank(config), 1).to(at::kDouble) * (16000.0 / 4096);
  const double first_step = (peaks[1] - peaks[0]).item<double>(), later_step = (peaks[20] - peaks[19]).item<double>();
  CHECK(std::abs(first_step - later_step) < 8);  // Hz, two bins
}

TEST_CASE("the embedded model's clip has exactly 128 frames, and silence lies on the floor") {
  const dsp::LogMel mel{dsp::MelConfig{}};
  const Tensor silent = mel.of_waveform(at::zeros({2, 32768}));
  REQUIRE(silent.sizes() == at::IntArrayRef({2, 80, 128}));
  CHECK(silent.min().item<double>() == doctest::Approx(std::log(1e-4)).epsilon(0.01));
  dsp::MelConfig inner;
  inner.framing = "inner";
  CHECK(dsp::LogMel(inner).of_waveform(at::zeros({1, 32768})).size(2) == 128);
}

TEST_CASE("a steady sine has the magnitude of half the window's sum, in the band of its frequency") {
  const dsp::LogMel mel{dsp::MelConfig{}};
  const Tensor band = mel.of_waveform(sine(1000, 32768, 0.5))[0].select(1, 64).exp();  // 1000 Hz is bin 64 exactly
  const double expected_band = (htk(1000) - htk(20)) / ((htk(8000) - htk(20)) / 81) - 1;
  CHECK(std::abs(at::argmax(band).item<double>() - expected_band) <= 1);
  // Every bin between the first and last peak is shared out completely, so the bands sum to the window's main lobe:
  // 0.5 * (512 / 2) * (1 + 2 * 1/2).
  CHECK(band.sum().item<double>() == doctest::Approx(0.5 * 256 * 2).epsilon(0.01));
}

TEST_CASE("power and base of the logarithm") {
  dsp::MelConfig config;
  config.log_base = "10";
  const Tensor wave = sine(440, 8192, 0.3), natural = dsp::LogMel(dsp::MelConfig{}).of_waveform(wave);
  test::expect_close(dsp::LogMel(config).of_waveform(wave) * std::log(10.0), natural, 1e-5);
  config.power = 2;
  CHECK(dsp::LogMel(config).of_waveform(wave).max().item<double>() >
        2 * natural.max().item<double>() / std::log(10.0) - 1);
}

TEST_CASE("inverting a mel gives magnitudes with that mel") {
  const dsp::LogMel mel{dsp::MelConfig{}};
  const Tensor log_mel = mel.of_waveform(sine(700, 8192, 0.4) + sine(2900, 8192, 0.2));
  const Tensor magnitude = dsp::magnitude_of_mel(log_mel, mel);
  CHECK((magnitude >= 0).all().item<bool>());
  CHECK((mel.of_magnitude(magnitude) - log_mel).abs().mean().item<double>() < 0.1);
}

TEST_CASE("impossible front ends are refused") {
  dsp::MelConfig config;
  config.fmax = 9000;
  CHECK_THROWS_AS(dsp::mel_filterbank(config), InvalidRequest);
  config.fmax = 8000;
  config.bins = 400;  // narrower than an FFT bin
  CHECK_THROWS_AS(dsp::mel_filterbank(config), InvalidRequest);
  CHECK_THROWS_AS(read_json(nlohmann::json{{"scale", "bark"}}, config.fields(), "test"), InvalidRequest);
}
