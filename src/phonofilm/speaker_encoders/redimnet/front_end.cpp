#include "phonofilm/speaker_encoders/redimnet/front_end.h"

#include <cmath>
#include <numbers>

#include "phonofilm/dsp/mel.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::speaker_encoders::redimnet {
namespace {

constexpr double kEmphasis = 0.97, kLogFloor = 1e-6;

nn::Init emphasis_init() {
  return [](Tensor& p, at::Generator&) { p.copy_(at::tensor({-kEmphasis, 1.0}, at::kDouble).view_as(p)); };
}

// Hamming's window, periodic.
nn::Init window_init() {
  return [](Tensor& p, at::Generator&) {
    const Tensor turns = at::arange(p.size(0), at::kDouble) * (2 * std::numbers::pi / double(p.size(0)));
    p.copy_(0.54 - 0.46 * at::cos(turns));
  };
}

nn::Init bands_init() {
  return [](Tensor& p, at::Generator&) {
    dsp::MelConfig config;
    config.sample_rate = kSampleRate;
    config.fft = kFft;
    config.bins = p.size(1);
    config.fmin = 20;
    config.fmax = 7600;
    p.copy_(dsp::mel_filterbank(config).t());
  };
}

}  // namespace

MelBanks::MelBanks(nn::Module& parent, const std::string& name, std::int64_t mels, std::int64_t hop)
    : Module(parent, name),
      hop_(hop),
      filter_(parameter("1.flipped_filter", {1, 1, 2}, emphasis_init())),
      window_(parameter("2.spectrogram.window", {kWindow}, window_init())),
      bands_(parameter("2.mel_scale.fb", {kFft / 2 + 1, mels}, bands_init())) {}

Tensor MelBanks::emphasised(const Tensor& waveform) const {
  const Tensor padded = at::pad(waveform.unsqueeze(1), {1, 0}, "reflect");
  return at::conv1d(padded, filter_.detach()).squeeze(1);
}

Tensor MelBanks::forward(const Tensor& waveform) const {
  const Tensor padded = at::pad(emphasised(waveform).unsqueeze(1), {kFft / 2, kFft / 2}, "reflect").squeeze(1);
  // dsp/stft.h has Hann windows as long as the FFT; this one is shorter and stored.
  const Tensor spectrum =
      at::stft(padded, kFft, hop_, kWindow, window_.detach(), /*center=*/false, /*pad_mode=*/"reflect",
               /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
  const Tensor power = at::real(spectrum).square() + at::imag(spectrum).square();  // [B, 257, T]
  const Tensor bands = at::log(at::matmul(bands_.detach().t(), power) + kLogFloor);
  return bands - bands.mean(-1, /*keepdim=*/true);
}

}  // namespace phonofilm::speaker_encoders::redimnet
