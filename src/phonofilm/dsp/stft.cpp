#include "phonofilm/dsp/stft.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::dsp {
namespace {

Tensor window_for(const StftConfig& config, const Tensor& like) {
  return at::hann_window(config.fft, like.options().dtype(at::kFloat));
}

void check_config(const StftConfig& config) {
  PF_CHECK(config.fft >= 2 && config.fft % 2 == 0 && config.hop >= 1 && config.hop <= config.fft / 2, InvalidRequest,
           "stft", "an even FFT length of at least twice the hop is needed, got ", config.fft, " and ", config.hop);
}

}  // namespace

Tensor stft(const Tensor& waveform, const StftConfig& config) {
  check_config(config);
  expect_shape(waveform, {kAny, kAny}, "stft: waveform");
  const bool centred = config.framing == Framing::centred;
  const std::int64_t pad = centred ? config.fft / 2 : (config.fft - config.hop) / 2;
  PF_CHECK(waveform.size(1) > pad, ShapeError, "stft", "a waveform of more than ", pad, " samples is needed, got ",
           waveform.size(1));
  const Tensor padded = at::pad(waveform.to(at::kFloat), {pad, pad}, "reflect");
  return at::stft(padded, config.fft, config.hop, config.fft, window_for(config, waveform), /*center=*/false,
                  /*pad_mode=*/"reflect", /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
}

Tensor istft(const Tensor& spectrum, const StftConfig& config, std::int64_t samples) {
  check_config(config);
  expect_shape(spectrum, {kAny, config.fft / 2 + 1, kAny}, "istft: spectrum");
  PF_CHECK(config.framing == Framing::centred, InvalidRequest, "istft", "only centred frames can be inverted");
  PF_CHECK(samples >= 1 && samples <= spectrum.size(2) * config.hop, ShapeError, "istft", spectrum.size(2),
           " frames of ", config.hop, " samples cannot cover ", samples, " samples");
  const Tensor window = at::hann_window(config.fft, spectrum.options().dtype(at::kFloat));
  return at::istft(spectrum, config.fft, config.hop, config.fft, window, /*center=*/true, /*normalized=*/false,
                   /*onesided=*/true, samples, /*return_complex=*/false);
}

Tensor magnitude(const Tensor& spectrum, double epsilon) {
  return at::sqrt(at::real(spectrum).square() + at::imag(spectrum).square() + epsilon);
}

}  // namespace phonofilm::dsp
