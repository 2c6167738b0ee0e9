#include "phonofilm/autoencoders/mmaudio_vae/mel_front_end.h"

#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::autoencoders {

dsp::MelConfig mmaudio_mel_config() {
  dsp::MelConfig config;
  config.sample_rate = 16000;
  config.fft = 1024;
  config.hop = 256;
  config.bins = 80;
  config.fmin = 0;
  config.fmax = 8000;
  config.scale = config.norm = "slaney";
  config.power = 1;
  config.log_floor = 1e-5;
  config.log_base = "10";
  config.framing = "inner";
  return config;
}

Tensor mmaudio_mel(const Tensor& waveform) {
  expect_shape(waveform, {kAny, kAny}, "mmaudio_mel: waveform");
  return dsp::LogMel(mmaudio_mel_config()).of_waveform(waveform.to(at::kFloat).clamp(-1, 1));
}

}  // namespace phonofilm::autoencoders
