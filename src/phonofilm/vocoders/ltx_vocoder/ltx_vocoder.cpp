#include "phonofilm/vocoders/ltx_vocoder/ltx_vocoder.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/ltx_audio_vae/published_config.h"
#include "phonofilm/base/error.h"
#include "phonofilm/dsp/resample.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::vocoders {
namespace {

LtxVocoderConfig checked(LtxVocoderConfig config) {
  check_fields(config.fields(), "ltx_vocoder");
  check_fields(config.generator.network.fields(), "ltx_vocoder: vocoder");
  check_fields(config.extension.network.fields(), "ltx_vocoder: bwe");
  config.validate("ltx_vocoder");
  return config;
}

}  // namespace

LtxVocoder::LtxVocoder(const LtxVocoderConfig& config)
    : config_(checked(config)),
      generator_(*this, "vocoder", config_.generator),
      extension_(*this, "bwe_generator", config_.extension),
      extension_mel_(*this, "mel_stft", config_) {}

Tensor LtxVocoder::narrow_band(const Tensor& mel) const {
  expect_shape(mel, {kAny, kLtxVocoderChannels, kAny, config_.mel_bins}, "ltx_vocoder: mel");
  PF_CHECK(mel.numel() > 0, ShapeError, "ltx_vocoder", "the mel has no frame: ", shape_text(mel.sizes()));
  return generator_.forward(ltx_generator_input(mel));
}

Tensor LtxVocoder::extend(const Tensor& wave) const {
  expect_shape(wave, {kAny, kLtxVocoderChannels, kAny}, "ltx_vocoder.extend: wave");
  PF_CHECK(wave.numel() > 0, ShapeError, "ltx_vocoder.extend", "the wave has no sample: ", shape_text(wave.sizes()));
  const std::int64_t samples = wave.size(2), hop = config_.hop_length, surplus = (hop - samples % hop) % hop;
  const Tensor whole = at::constant_pad_nd(wave.to(at::kFloat), {0, surplus}, 0);
  const Tensor bands = extension_mel_.forward(whole);                // [B, 2, bins, S / hop]
  const Tensor residual = extension_.forward(bands.flatten(1, 2));   // [B, 2, ratio * S]
  const Tensor sum = (residual + ltx_upsampled(whole, config_.ratio())).clamp(-1, 1);
  return sum.narrow(2, 0, samples * config_.ratio());
}

Tensor LtxVocoder::at_input_rate(const Tensor& waveform) const {
  return dsp::resample(waveform, config_.output_sampling_rate, config_.input_sampling_rate, dsp::kHannSinc);
}

Tensor ltx_generator_input(const Tensor& mel) { return mel.transpose(2, 3).flatten(1, 2); }

Tensor ltx_upsampled(const Tensor& wave, std::int64_t ratio) {
  expect_shape(wave, {kAny, kAny, kAny}, "ltx_upsampled: wave");
  const auto reach = std::int64_t(std::ceil(double(dsp::kHannSinc.zeros) / dsp::kHannSinc.rolloff));  // 7
  const Tensor padded = at::pad(wave, {reach, reach}, "replicate");
  return dsp::resample(padded, /*from=*/1, /*to=*/ratio, dsp::kHannSinc).narrow(2, ratio * reach, ratio * wave.size(2));
}

std::unique_ptr<LtxVocoder> load_ltx_vocoder(const std::string& path) {
  const auto file = weights::SafetensorsFile::open(path);
  const std::string where = path + ": config: vocoder";
  const nlohmann::json published = autoencoders::read_ltx_audio_metadata(file);
  const nlohmann::json& section = autoencoders::ltx_section(published, "vocoder", where);
  auto vocoder = std::make_unique<LtxVocoder>(read_ltx_vocoder_config(section, where));
  vocoder->load(file.tensors(), path, "vocoder.");
  return vocoder;
}

}  // namespace phonofilm::vocoders
