#include "phonofilm/autoencoders/ltx_audio_vae/ltx_audio_vae.h"

#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/ltx_audio_vae/networks.h"
#include "phonofilm/autoencoders/ltx_audio_vae/published_config.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::autoencoders {
namespace {

LtxAudioVaeConfig checked(LtxAudioVaeConfig config) {
  check_fields(config.fields(), "ltx_audio_vae");
  config.validate("ltx_audio_vae");
  return config;
}

}  // namespace

LtxAudioVae::LtxAudioVae(const LtxAudioVaeConfig& config)
    : config_(checked(config)),
      front_end_(config_.mel()),
      encoder_(std::make_unique<ltx_audio::Encoder>(*this, config_)),
      decoder_(std::make_unique<ltx_audio::Decoder>(*this, config_)),
      mean_(parameter("per_channel_statistics.mean-of-means", {config_.token_width()}, nn::init::zeros())),
      deviation_(parameter("per_channel_statistics.std-of-means", {config_.token_width()}, nn::init::ones())) {}

LtxAudioVae::~LtxAudioVae() = default;

Tensor LtxAudioVae::encode(const Tensor& waveform) const {
  expect_shape(waveform, {kAny, kLtxAudioChannels, kAny}, "ltx_audio_vae.encode: waveform");
  return encode_mel(ltx_log_mel(waveform, front_end_));
}

Tensor LtxAudioVae::encode_mel(const Tensor& mel) const {
  expect_shape(mel, {kAny, kLtxAudioChannels, kAny, config_.mel_bins}, "ltx_audio_vae.encode: mel");
  PF_CHECK(mel.numel() > 0, ShapeError, "ltx_audio_vae.encode", "the mel is empty: ", shape_text(mel.sizes()));
  const Tensor latent = encoder_->forward(mel.to(at::kFloat));      // [B, 8, L, 16]
  const Tensor rows = latent.transpose(1, 2).flatten(2);            // [B, L, 128]
  return (rows - mean_.detach().to(at::kFloat)) / deviation_.detach().to(at::kFloat);
}

Tensor LtxAudioVae::decode(const Tensor& tokens) const {
  expect_shape(tokens, {kAny, kAny, config_.token_width()}, "ltx_audio_vae.decode: tokens");
  PF_CHECK(tokens.numel() > 0, ShapeError, "ltx_audio_vae.decode", "there is no token: ", shape_text(tokens.sizes()));
  const Tensor rows = tokens.to(at::kFloat) * deviation_.detach().to(at::kFloat) + mean_.detach().to(at::kFloat);
  return decoder_->forward(rows.unflatten(2, {config_.z_channels, -1}).transpose(1, 2));
}

std::unique_ptr<LtxAudioVae> load_ltx_audio_vae(const std::string& path) {
  const auto file = weights::SafetensorsFile::open(path);
  const std::string where = path + ": config: audio_vae";
  const nlohmann::json published = read_ltx_audio_metadata(file);
  const nlohmann::json& section = ltx_section(published, "audio_vae", where);
  auto vae = std::make_unique<LtxAudioVae>(read_ltx_audio_vae_config(section, where));
  vae->load(file.tensors(), path, "audio_vae.");
  return vae;
}

}  // namespace phonofilm::autoencoders
