#include "phonofilm/vocoders/vocos/vocos.h"

#include <ATen/ops/addcmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/unbind.h>

#include <numbers>

#include "phonofilm/base/error.h"
#include "phonofilm/dsp/griffin_lim.h"
#include "phonofilm/dsp/mel_model.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::vocoders {

using nn::RunContext;

Fields VocosConfig::fields() {
  return {{"width", &width, "channels of the residual stream", 1.0, 8192.0},
          {"hidden", &hidden, "channels inside a block", 1.0, 32768.0},
          {"blocks", &blocks, "ConvNeXt blocks", 1.0, 64.0},
          {"kernel", &kernel, "taps of the depthwise convolutions, odd", 1.0, 63.0},
          {"mel_mean", &mel_mean, "subtracted from the mel"},
          {"mel_scale", &mel_scale, "divides the mel", 1e-3, 1e3},
          {"track_phase", &track_phase, "predict phase differences and accumulate them over frames"},
          {"refinements", &refinements, "passes of Griffin-Lim after the prediction", 0.0, 1000.0}};
}

namespace {

constexpr double kMaxLogMagnitude = 7;    // e^7 = 1097 exceeds a full-scale sine (fft / 4 = 256 for the default window)
constexpr std::int64_t kMelUpdates = 20;  // of the magnitudes towards the given mel, in refined()
constexpr double kKeepBias = 3;           // memory starts long: sigmoid(3) = 0.95 per frame

VocosConfig checked(const VocosConfig& config) {
  PF_CHECK(config.kernel % 2 == 1, InvalidRequest, "vocos", "kernel must be odd, got ", config.kernel);
  PF_CHECK(config.mel.framing == "centred", InvalidRequest, "vocos", "the mel's frames must be centred");
  return config;
}

nn::Conv1d::Options taps(std::int64_t kernel) { return {.kernel = kernel, .padding = kernel / 2}; }

Tensor polar(const Tensor& modulus, const Tensor& angle) {
  return at::complex(modulus * at::cos(angle), modulus * at::sin(angle));
}

// Radians that a bin's centre frequency turns per hop, modulo a whole turn; [bins], computed in float64.
Tensor centre_advance(const dsp::MelConfig& mel, const at::TensorOptions& options) {
  const Tensor turns = at::arange(mel.fft / 2 + 1, at::kDouble) * (double(mel.hop) / double(mel.fft));
  return ((turns - turns.floor()) * (2 * std::numbers::pi)).to(options);
}

// Row k: how the mean magnitude of the bands that cover FFT bin k is made of band sums. bank: [bins, fft / 2 + 1].
Tensor spreading(const Tensor& bank) {
  const Tensor means = bank / bank.sum(1, /*keepdim=*/true);                 // a band's sum becomes its mean
  return (means / (bank.sum(0, /*keepdim=*/true) + 1e-3)).t().contiguous();  // bins under two bands get their average
}

// z[t] = rotation[t] * z[t-1] + input[t] along axis 1 of complex64 [B, T, bins].
Tensor accumulate(const Tensor& rotation, const Tensor& input) {
  const std::vector<Tensor> turns = at::unbind(rotation, 1), inputs = at::unbind(input, 1);
  std::vector<Tensor> states{inputs.front()};
  for (size_t t = 1; t < inputs.size(); ++t) states.push_back(at::addcmul(inputs[t], turns[t], states.back()));
  return at::stack(states, 1);
}

Tensor unit(const Tensor& z) { return z * at::rsqrt(at::real(z).square() + at::imag(z).square() + 1e-8); }

}  // namespace

Vocos::Vocos(const VocosConfig& config)
    : config_(checked(config)),
      front_end_(config.mel),
      spread_(spreading(front_end_.filterbank())),
      in_(*this, "embed", config.mel.bins, config.width, taps(7)),
      body_(*this, {config.width, config.hidden, config.kernel}, config.blocks),
      head_(*this, "head.out", config.width, (config.track_phase ? 4 : 2) * (config.mel.fft / 2 + 1)),
      advance_(config.track_phase
                   ? std::make_unique<nn::Linear>(*this, "head.advance", config.width, config.mel.fft / 2 + 1)
                   : nullptr) {}

Tensor Vocos::Prediction::spectrum() const { return direction * at::exp(log_magnitude); }

Vocos::Prediction Vocos::predict(const Tensor& mel, const RunContext& run) const {
  expect_shape(mel, {kAny, config_.mel.bins, kAny}, "vocos: mel");
  const Tensor seen = (mel.to(at::kFloat) - config_.mel_mean) / config_.mel_scale;
  const Tensor x = body_.forward(in_.forward(seen, run).transpose(1, 2).to(at::kFloat), run);

  const std::vector<Tensor> parts = at::chunk(head_.forward(x, run).to(at::kFloat), config_.track_phase ? 4 : 2, -1);
  const Tensor log_magnitude = (parts[0] + spread_level(mel)).clamp_max(kMaxLogMagnitude);
  Prediction result{log_magnitude.transpose(1, 2), at::zeros({1}), {}};
  if (!config_.track_phase) {
    result.direction = polar(at::ones({1}), parts[1]).transpose(1, 2);
    return result;
  }
  // float32: an error of the advance grows with every frame of a long tail.
  const Tensor advance = advance_->forward(x, RunContext{at::kFloat, run.attention});
  const Tensor rotation =
      polar(at::sigmoid(parts[2] + kKeepBias), advance + centre_advance(config_.mel, advance.options()));
  const Tensor strike = polar(at::sigmoid(parts[3]), parts[1]);
  result.advance = advance.transpose(1, 2);
  result.direction = unit(accumulate(rotation, strike)).transpose(1, 2);
  return result;
}

Tensor Vocos::spread_level(const Tensor& mel) const {
  const Tensor log_mel = mel.to(at::kFloat) * (config_.mel.log_base == "10" ? std::numbers::ln10 : 1.0);
  const Tensor bands = at::exp(log_mel / config_.mel.power);
  return at::log(at::matmul(bands.transpose(1, 2), spread_.t()) + config_.mel.log_floor);
}

Tensor Vocos::waveform(const Prediction& prediction) const {
  return dsp::istft(prediction.spectrum(), config_.mel.stft(), prediction.log_magnitude.size(2) * config_.mel.hop);
}

Tensor Vocos::refined(const Tensor& mel, const Prediction& prediction, std::int64_t passes) const {
  const Tensor predicted = at::exp(prediction.log_magnitude);
  const Tensor magnitude = dsp::magnitude_of_mel(mel.to(at::kFloat), front_end_, kMelUpdates, predicted);
  const std::int64_t samples = mel.size(2) * config_.mel.hop;
  return dsp::refine_phases(prediction.direction, magnitude, config_.mel.stft(), samples, {passes});
}

Tensor Vocos::forward(const Tensor& mel, const RunContext& run) const {
  const Prediction prediction = predict(mel, run);
  return config_.refinements == 0 ? waveform(prediction) : refined(mel, prediction, config_.refinements);
}

void save_vocos(const Vocos& model, const std::string& folder) { dsp::save_mel_model(model, "vocos", folder); }

std::unique_ptr<Vocos> load_vocos(const std::string& folder, at::ScalarType dtype) {
  return dsp::load_mel_model<Vocos>("vocos", folder, dtype);
}

}  // namespace phonofilm::vocoders
