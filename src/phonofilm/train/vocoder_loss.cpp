#include "phonofilm/train/vocoder_loss.h"

#include <cmath>
#include <numbers>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::train {
namespace {

constexpr double kLogFloor = 3e-3;  // magnitudes; about the noise floor of the rendered world
constexpr double kQuiet = 0.2;      // magnitude of the loudest bin below which a frame's phases count for less

Tensor magnitudes(const Tensor& waveform, const dsp::StftConfig& config) {
  return dsp::magnitude(dsp::stft(waveform, config), 1e-8);
}

// Spectral convergence and log distance of magnitudes [B, bins, T].
Tensor magnitude_loss(const Tensor& guess, const Tensor& truth) {
  const Tensor distance = (truth - guess).norm(2, {1, 2}) / (truth.norm(2, {1, 2}) + kLogFloor);
  const Tensor log_distance = (at::log(guess + kLogFloor) - at::log(truth + kLogFloor)).abs();
  return distance.mean() + log_distance.mean();
}

// z times the conjugate of its predecessor along `dim`.
Tensor step_product(const Tensor& z, std::int64_t dim) {
  const std::int64_t count = z.size(dim) - 1;
  return z.narrow(dim, 1, count) * z.narrow(dim, 0, count).conj();
}

// The direction of phase steps in the original, and how much each matters.
struct Steps {
  Tensor direction;  // complex64 of modulus 1
  Tensor weight;     // sums to 1
};

Steps steps_of(const Tensor& spectrum, std::int64_t dim) {
  const Tensor product = step_product(spectrum, dim);
  const Tensor modulus = at::sqrt(dsp::magnitude(product, 1e-20));
  const Tensor weight = modulus / (modulus.amax(1, /*keepdim=*/true) + kQuiet);
  return {product / dsp::magnitude(product, 1e-20), weight / weight.sum()};
}

// Mean of 1 - cos(angle between two unit directions).
Tensor disagreement(const Tensor& guess, const Steps& truth) {
  const Tensor cosine = at::real(guess) * at::real(truth.direction) + at::imag(guess) * at::imag(truth.direction);
  return (truth.weight * (1 - cosine)).sum();
}

Tensor advance_disagreement(const Tensor& advance, const Steps& truth, const dsp::MelConfig& mel) {
  const Tensor turns = at::arange(mel.fft / 2 + 1, at::kDouble) * (double(mel.hop) / double(mel.fft));
  const Tensor centre = ((turns - turns.floor()) * (2 * std::numbers::pi)).to(at::kFloat).view({1, -1, 1});
  const Tensor angle = advance.narrow(2, 1, advance.size(2) - 1) + centre;
  return disagreement(at::complex(at::cos(angle), at::sin(angle)), truth);
}

}  // namespace

SpectralLoss spectral_loss(const Tensor& guess, const Tensor& truth, const dsp::LogMel& mel) {
  Tensor own_guess = magnitudes(guess, mel.config().stft()), own_truth = magnitudes(truth, mel.config().stft());
  Tensor stft = magnitude_loss(own_guess, own_truth);
  for (const std::int64_t fft : {128, 512, 2048}) {
    const dsp::StftConfig config{fft, fft / 4};
    stft = stft + magnitude_loss(magnitudes(guess, config), magnitudes(truth, config));
  }
  return {stft / 4, (mel.of_magnitude(own_guess) - mel.of_magnitude(own_truth)).abs().mean()};
}

Tensor predicted_magnitude_loss(const vocoders::Vocos::Prediction& prediction, const Tensor& truth) {
  return magnitude_loss(at::exp(prediction.log_magnitude), dsp::magnitude(truth));
}

PhaseLoss phase_loss(const vocoders::Vocos::Prediction& prediction, const Tensor& truth, const dsp::MelConfig& mel) {
  const Steps time = steps_of(truth, 2), band = steps_of(truth, 1);
  const bool tracked = prediction.advance.dim() == 3;
  return {tracked ? advance_disagreement(prediction.advance, time, mel) : at::zeros({}),
          disagreement(step_product(prediction.direction, 2), time),
          disagreement(step_product(prediction.direction, 1), band)};
}

}  // namespace phonofilm::train
