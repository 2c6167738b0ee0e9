#include "phonofilm/families/nava/sound.h"

#include <algorithm>

#include "phonofilm/autoencoders/ltx_audio_vae/ltx_audio_vae.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/vocoders/ltx_vocoder/ltx_vocoder.h"

namespace phonofilm::nava {

Tensor finished_sound(const Tensor& waveform) {
  constexpr double kPeak = 0.95, kSilence = 1e-3;
  const Tensor clamped = waveform.clamp(-0.99, 0.99);
  const double peak = clamped.abs().max().item<double>();
  return peak < kSilence ? clamped : clamped * (kPeak / peak);
}

Tensor decode_sound(const std::string& path, const Tensor& tokens) {
  const Tensor mel = autoencoders::load_ltx_audio_vae(path)->decode(tokens.to(at::kFloat).transpose(1, 2));
  return finished_sound(vocoders::load_ltx_vocoder(path)->forward(mel)[0]).contiguous();
}

Tensor encode_sound(const std::string& path, const Tensor& waveform) {
  const auto vae = autoencoders::load_ltx_audio_vae(path);
  const std::int64_t unit = vae->config().samples_per_token(), samples = waveform.size(-1);
  const std::int64_t wanted = std::max<std::int64_t>(1, (samples + unit - 1) / unit);
  const Tensor whole = at::constant_pad_nd(waveform, {0, wanted * unit - samples});
  return vae->encode(autoencoders::ltx_stereo(whole.unsqueeze(0))).narrow(1, 0, wanted).transpose(1, 2).contiguous();
}

}  // namespace phonofilm::nava
