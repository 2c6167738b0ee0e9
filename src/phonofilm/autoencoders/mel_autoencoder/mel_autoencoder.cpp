#include "phonofilm/autoencoders/mel_autoencoder/mel_autoencoder.h"

#include "phonofilm/base/error.h"
#include "phonofilm/dsp/mel_model.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::autoencoders {

using nn::RunContext;

Fields MelAutoencoderConfig::fields() {
  return {{"channels", &channels, "of the sound", 1.0, 2.0},
          {"width", &width, "channels inside", 1.0, 8192.0},
          {"blocks", &blocks, "residual blocks at each rate", 0.0, 64.0},
          {"kernel", &kernel, "taps of the residual blocks, odd", 1.0, 63.0},
          {"latent_channels", &latent_channels, "of the latent", 1.0, 1024.0},
          {"mel_mean", &mel_mean, "subtracted from the mel"},
          {"mel_scale", &mel_scale, "divides the mel", 1e-3, 1e3}};
}

namespace {

nn::Conv1d::Options taps(std::int64_t kernel, nn::Init init = nn::init::kaiming_uniform()) {
  return {.kernel = kernel, .padding = kernel / 2, .init = std::move(init)};
}

MelAutoencoderConfig checked(const MelAutoencoderConfig& config) {
  PF_CHECK(config.kernel % 2 == 1, InvalidRequest, "mel_autoencoder", "kernel must be odd, got ", config.kernel);
  return config;
}

}  // namespace

MelResBlock::MelResBlock(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t kernel)
    : Module(parent, name),
      gain_(parameter("norm.weight", {width}, nn::init::ones())),
      wide_(*this, "conv1", width, width, taps(kernel)),
      point_(*this, "conv2", width, width, taps(1, nn::init::zeros())) {}

Tensor MelResBlock::forward(const Tensor& x, const RunContext& run) const {
  const Tensor scale = at::rsqrt(x.square().mean(1, /*keepdim=*/true) + 1e-6);  // x is float32 throughout
  const Tensor normed = x * scale * gain_.to(at::kFloat).unsqueeze(-1);
  const Tensor hidden = wide_.forward(at::silu(normed.to(run.dtype)), run);
  return x + point_.forward(at::silu(hidden), run);
}

MelAutoencoder::Blocks MelAutoencoder::make_blocks(const std::string& name) {
  Blocks blocks;
  for (std::int64_t i = 0; i < config_.blocks; ++i) {
    blocks.push_back(std::make_unique<MelResBlock>(*this, concat(name, ".", i), config_.width, config_.kernel));
  }
  return blocks;
}

MelAutoencoder::MelAutoencoder(const MelAutoencoderConfig& config)
    : config_(checked(config)),
      encoder_in_(*this, "encoder.conv_in", config.rows(), config.width, taps(3)),
      encoder_fast_(make_blocks("encoder.fast")),
      down_(*this, "encoder.down", config.width, config.width, {.kernel = 4, .stride = 2, .padding = 1}),
      encoder_slow_(make_blocks("encoder.slow")),
      encoder_out_(*this, "encoder.conv_out", config.width, 2 * config.latent_channels, taps(1)),
      decoder_in_(*this, "decoder.conv_in", config.latent_channels, config.width, taps(3)),
      decoder_slow_(make_blocks("decoder.slow")),
      up_(*this, "decoder.up", config.width, 2 * config.width, taps(3)),
      decoder_fast_(make_blocks("decoder.fast")),
      decoder_out_(*this, "decoder.conv_out", config.width, config.rows(), taps(3)) {}

Posterior MelAutoencoder::encode(const Tensor& mel, const RunContext& run) const {
  expect_shape(mel, {kAny, config_.rows(), kAny}, "mel_autoencoder.encode: mel");
  PF_CHECK(mel.size(2) > 0 && mel.size(2) % 2 == 0, ShapeError, "mel_autoencoder.encode",
           "an even number of mel frames is needed, got ", mel.size(2));
  Tensor x = encoder_in_.forward((mel.to(at::kFloat) - config_.mel_mean) / config_.mel_scale, run).to(at::kFloat);
  for (const auto& block : encoder_fast_) x = block->forward(x, run);
  x = down_.forward(x, run).to(at::kFloat);
  for (const auto& block : encoder_slow_) x = block->forward(x, run);
  const Tensor out = encoder_out_.forward(x, run).to(at::kFloat);
  // The clamp keeps exp() finite while the first steps of training settle.
  return {out.narrow(1, 0, config_.latent_channels),
          out.narrow(1, config_.latent_channels, config_.latent_channels).clamp(-20, 10)};
}

Tensor MelAutoencoder::decode(const Tensor& latent, const RunContext& run) const {
  expect_shape(latent, {kAny, config_.latent_channels, kAny}, "mel_autoencoder.decode: latent");
  Tensor x = decoder_in_.forward(latent, run).to(at::kFloat);
  for (const auto& block : decoder_slow_) x = block->forward(x, run);
  const Tensor pairs =
      up_.forward(x, run).to(at::kFloat);  // [B, 2 * width, T / 2]: channel, then half of the frame pair
  x = pairs.unflatten(1, {config_.width, 2}).transpose(2, 3).flatten(2);
  for (const auto& block : decoder_fast_) x = block->forward(x, run);
  return decoder_out_.forward(x, run).to(at::kFloat) * config_.mel_scale + config_.mel_mean;
}

std::unique_ptr<MelAutoencoder> widened_to_stereo(const MelAutoencoder& mono) {
  MelAutoencoderConfig config = mono.config();
  PF_CHECK(config.channels == 1, InvalidRequest, "mel_autoencoder", "only a mono model can be widened, this one has ",
           config.channels, " channels");
  config.channels = 2;
  std::map<std::string, Tensor> state = mono.state_dict();
  Tensor& in = state.at("encoder.conv_in.weight");
  in = at::cat({in, in}, 1) / 2;
  for (const char* name : {"decoder.conv_out.weight", "decoder.conv_out.bias"}) {
    Tensor& out = state.at(name);
    out = at::cat({out, out}, 0);
  }
  auto stereo = std::make_unique<MelAutoencoder>(config);
  stereo->load(std::move(state), "a mono mel autoencoder");
  return stereo;
}

void save_mel_autoencoder(const MelAutoencoder& model, const std::string& folder) {
  dsp::save_mel_model(model, "mel_autoencoder", folder);
}

std::unique_ptr<MelAutoencoder> load_mel_autoencoder(const std::string& folder, at::ScalarType dtype) {
  return dsp::load_mel_model<MelAutoencoder>("mel_autoencoder", folder, dtype);
}

}  // namespace phonofilm::autoencoders
