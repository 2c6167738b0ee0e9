#include "phonofilm/autoencoders/ltx_audio_vae/mel_front_end.h"

#include "phonofilm/autoencoders/ltx_audio_vae/config.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::autoencoders {

Tensor ltx_log_mel(const Tensor& waveform, const dsp::LogMel& front_end) {
  expect_shape(waveform, {kAny, kLtxAudioChannels, kAny}, "ltx_log_mel: waveform");
  const std::int64_t margin = front_end.config().fft / 2;
  PF_CHECK(waveform.size(0) >= 1 && waveform.size(2) > margin, ShapeError, "ltx_log_mel",
           "a waveform of more than ", margin, " samples is needed, got ", shape_text(waveform.sizes()));
  const Tensor spectrum = dsp::stft(waveform.to(at::kFloat).flatten(0, 1), front_end.config().stft());
  // Not dsp::magnitude's usual epsilon, which lies above the floor of the logarithm; this one only gives silence a
  // gradient.
  const Tensor bands = front_end.of_magnitude(dsp::magnitude(spectrum, /*epsilon=*/1e-20));  // [2 B, bins, T]
  return bands.transpose(1, 2).unflatten(0, {waveform.size(0), kLtxAudioChannels});
}

Tensor ltx_stereo(const Tensor& waveform) {
  expect_shape(waveform, {kAny, kAny, kAny}, "ltx_stereo: waveform");
  const std::int64_t channels = waveform.size(1);
  PF_CHECK(channels == 1 || channels == kLtxAudioChannels, ShapeError, "ltx_stereo", "expected 1 or 2 channels, got ",
           channels, "; mix them down first");
  return channels == 1 ? waveform.expand({waveform.size(0), kLtxAudioChannels, waveform.size(2)}) : waveform;
}

}  // namespace phonofilm::autoencoders
