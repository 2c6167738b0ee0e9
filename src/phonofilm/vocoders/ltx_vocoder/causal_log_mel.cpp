#include "phonofilm/vocoders/ltx_vocoder/causal_log_mel.h"

#include <numbers>

#include "phonofilm/dsp/mel.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::vocoders::ltx {
namespace {

constexpr double kLogFloor = 1e-5;

// The rows of a windowed Fourier transform: hann(n) cos(2 pi k n / N) for all k, then -hann(n) sin(2 pi k n / N).
nn::Init fourier(std::int64_t n_fft) {
  return [n_fft](Tensor& basis, at::Generator&) {
    const Tensor bins = at::arange(n_fft / 2 + 1, at::kDouble), samples = at::arange(n_fft, at::kDouble);
    const Tensor angles = at::outer(bins, samples) * (2 * std::numbers::pi / double(n_fft));
    const Tensor rows = at::cat({at::cos(angles), -at::sin(angles)}) * at::hann_window(n_fft, at::kDouble);
    basis.copy_(rows.unsqueeze(1));
  };
}

nn::Init slaney_bands(const LtxVocoderConfig& c) {
  dsp::MelConfig mel;
  mel.sample_rate = c.input_sampling_rate;
  mel.fft = c.n_fft;
  mel.hop = c.hop_length;
  mel.bins = c.mel_bins;
  mel.fmin = 0;
  mel.fmax = double(c.input_sampling_rate) / 2;
  mel.scale = mel.norm = "slaney";
  return [mel](Tensor& basis, at::Generator&) { basis.copy_(dsp::mel_filterbank(mel)); };
}

}  // namespace

CausalLogMel::CausalLogMel(nn::Module& parent, const std::string& name, const LtxVocoderConfig& c)
    : Module(parent, name),
      n_fft_(c.n_fft),
      hop_(c.hop_length),
      mel_basis_(parameter("mel_basis", {c.mel_bins, c.n_fft / 2 + 1}, slaney_bands(c))),
      forward_basis_(parameter("stft_fn.forward_basis", {c.n_fft + 2, 1, c.n_fft}, fourier(c.n_fft))),
      inverse_basis_(parameter("stft_fn.inverse_basis", {c.n_fft + 2, 1, c.n_fft}, nn::init::zeros())) {}

Tensor CausalLogMel::forward(const Tensor& wave) const {
  constexpr double kTiny = 1e-20;  // gives the root a gradient in silence; far below the floor of the logarithm
  const Tensor sides = wave.flatten(0, 1).unsqueeze(1);  // [2 B, 1, S]
  const Tensor padded = at::constant_pad_nd(sides, {n_fft_ - hop_, 0}, 0);
  const Tensor spectrum = at::conv1d(padded, forward_basis_.detach().to(at::kFloat), {}, /*stride=*/hop_);
  const std::vector<Tensor> parts = at::chunk(spectrum, 2, 1);  // real, imaginary: [2 B, n_fft / 2 + 1, T]
  const Tensor magnitude = at::sqrt(parts[0].square() + parts[1].square() + kTiny);
  const Tensor bands = at::matmul(mel_basis_.detach().to(at::kFloat), magnitude);
  return at::log(bands.clamp_min(kLogFloor)).unflatten(0, {wave.size(0), wave.size(1)});
}

}  // namespace phonofilm::vocoders::ltx
