#include "phonofilm/families/nava/sound.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/ltx_audio_vae/ltx_audio_vae.h"
#include "phonofilm/autoencoders/ltx_audio_vae/published_config.h"
#include "phonofilm/base/error.h"
#include "phonofilm/families/nava/film_spec.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/vocoders/ltx_vocoder/ltx_vocoder.h"

namespace phonofilm::nava {

Tensor finished_sound(const Tensor& waveform) {
  constexpr double kPeak = 0.95, kSilence = 1e-3;
  const Tensor clamped = waveform.clamp(-0.99, 0.99);
  const double peak = clamped.abs().max().item<double>();
  return peak < kSilence ? clamped : clamped * (kPeak / peak);
}

void check_sound(const std::string& path, std::int64_t token_width) {
  const auto published = autoencoders::read_ltx_audio_metadata(weights::SafetensorsFile::open(path));
  const auto vae =
      autoencoders::read_ltx_audio_vae_config(autoencoders::ltx_section(published, "audio_vae", path), path);
  const auto vocoder = vocoders::read_ltx_vocoder_config(autoencoders::ltx_section(published, "vocoder", path), path);
  constexpr std::int64_t kHop = kSampleRate / kMelFramesPerSecond, kStride = 4;
  PF_CHECK(vae.token_width() == token_width, CheckpointError, "load", path, ": its tokens have ", vae.token_width(),
           " numbers, the backbone's ", token_width);
  const bool rates = vocoder.output_sampling_rate == kSampleRate && vocoder.input_sampling_rate == kNarrowSampleRate;
  PF_CHECK(rates && vocoder.hop() == kHop && vae.stride() == kStride, CheckpointError, "load", path, ": its sound has ",
           vocoder.input_sampling_rate, " and ", vocoder.output_sampling_rate, " samples per second, ", vocoder.hop(),
           " per mel frame and ", vae.stride(), " frames per token; NAVA's has ", kNarrowSampleRate, " and ",
           kSampleRate, ", ", kHop, " and ", kStride);
}

Tensor decode_sound(const std::string& path, const Tensor& tokens, std::int64_t sample_rate) {
  PF_CHECK(sample_rate == kSampleRate || sample_rate == kNarrowSampleRate, InvalidRequest, "decode",
           "NAVA makes sound at ", kSampleRate, " or ", kNarrowSampleRate, " Hz, asked for ", sample_rate);
  const Tensor mel = autoencoders::load_ltx_audio_vae(path)->decode(tokens.to(at::kFloat).transpose(1, 2));
  const auto vocoder = vocoders::load_ltx_vocoder(path);
  const Tensor wave = vocoder->forward(mel)[0];
  return finished_sound(sample_rate == kSampleRate ? wave : vocoder->at_input_rate(wave)).contiguous();
}

Tensor encode_sound(const std::string& path, const Tensor& waveform) {
  const auto vae = autoencoders::load_ltx_audio_vae(path);
  const std::int64_t unit = vae->config().samples_per_token(), samples = waveform.size(-1);
  const std::int64_t wanted = std::max<std::int64_t>(1, (samples + unit - 1) / unit);
  const Tensor whole = at::constant_pad_nd(waveform, {0, wanted * unit - samples});
  return vae->encode(autoencoders::ltx_stereo(whole.unsqueeze(0))).narrow(1, 0, wanted).transpose(1, 2).contiguous();
}

}  // namespace phonofilm::nava
