#include "phonofilm/dsp/griffin_lim.h"

#include <cmath>
#include <numbers>

#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;

namespace {

// Two struck partials, half a second.
Tensor ring() {
  const Tensor t = at::arange(8192, at::kDouble) / 16000;
  const Tensor sound = at::exp(t / -0.2) * (t * (2 * std::numbers::pi * 870)).sin() +
                       at::exp(t / -0.1) * (t * (2 * std::numbers::pi * 2060)).sin() * 0.5;
  return (sound * 0.4).to(at::kFloat).unsqueeze(0);
}

double spectral_error(const Tensor& magnitude, const Tensor& waveform, const dsp::StftConfig& config) {
  const Tensor got = dsp::magnitude(dsp::stft(waveform, config)).narrow(2, 0, magnitude.size(2));
  return ((got - magnitude).norm() / magnitude.norm()).item<double>();
}

}  // namespace

TEST_CASE("Griffin-Lim reduces the spectral error, and momentum helps") {
  const dsp::StftConfig config{1024, 256};
  const Tensor magnitude = dsp::magnitude(dsp::stft(ring(), config));
  const auto error = [&](std::int64_t iterations, double momentum) {
    return spectral_error(magnitude, dsp::griffin_lim(magnitude, config, 8192, {iterations, momentum, 3}), config);
  };
  const double start = error(0, 0), some = error(10, 0), more = error(60, 0), fast = error(60, 0.99);
  CHECK(some < 0.7 * start);
  CHECK(more < some);
  CHECK(fast < more);
  CHECK(fast < 0.25);
}

TEST_CASE("refining the true phases keeps them") {
  const dsp::StftConfig config{1024, 256};
  const Tensor spectrum = dsp::stft(ring(), config).narrow(2, 0, 32);
  test::expect_close(dsp::refine_phases(spectrum, dsp::magnitude(spectrum), config, 8192, {10}), ring(), 0.02);
}

TEST_CASE("from a mel to sound and back, the same for one seed") {
  const dsp::LogMel mel{dsp::MelConfig{}};
  const Tensor log_mel = mel.of_waveform(ring());
  const Tensor sound = dsp::griffin_lim_of_mel(log_mel, mel);
  REQUIRE(sound.sizes() == at::IntArrayRef({1, 8192}));
  CHECK((mel.of_waveform(sound) - log_mel).abs().mean().item<double>() < 0.6);
  CHECK(at::equal(sound, dsp::griffin_lim_of_mel(log_mel, mel)));
}
