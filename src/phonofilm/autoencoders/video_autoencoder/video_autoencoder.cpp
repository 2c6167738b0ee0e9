#include "phonofilm/autoencoders/video_autoencoder/video_autoencoder.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/video_autoencoder/fold.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/model_folder.h"

namespace phonofilm::autoencoders {

using nn::RunContext;

Fields VideoAutoencoderConfig::fields() {
  return {{"frame_patch", &frame_patch, "pictures per latent frame", 1.0, 16.0},
          {"pixel_patch", &pixel_patch, "pixels folded into channels per side", 1.0, 32.0},
          {"outer_width", &outer_width, "channels at the folded resolution", 8.0, 4096.0},
          {"inner_width", &inner_width, "channels at the latent resolution", 8.0, 4096.0},
          {"encoder_blocks", &encoder_blocks, "at the latent resolution", 0.0, 64.0},
          {"decoder_blocks", &decoder_blocks, "at the latent resolution", 0.0, 64.0},
          {"outer_encoder_blocks", &outer_encoder_blocks, "at the folded resolution", 0.0, 64.0},
          {"outer_decoder_blocks", &outer_decoder_blocks, "at the folded resolution", 0.0, 64.0},
          {"latent_channels", &latent_channels, "of the latent", 1.0, 1024.0}};
}

namespace {

// Causal 3-D convolution [out, in, kt, 3, 3] of x [B, F, H, W, C], computed as a 2-D convolution over the kt last
// frames stacked in channels: the same sums, on the fastest path that CPUs have.
Tensor causal_conv(const Tensor& x, const Tensor& weight, const Tensor& bias, const RunContext& run) {
  const std::int64_t taps = weight.size(2), frames = x.size(1);
  Tensor stacked = x.to(run.dtype);
  Tensor kernel = weight.to(run.dtype).permute({0, 2, 1, 3, 4}).flatten(1, 2);  // [out, kt * in, 3, 3]
  if (taps > 1) {
    const Tensor first = stacked.narrow(1, 0, 1);
    std::vector<Tensor> padded(size_t(taps - 1), first);  // the past before the film is its first frame, standing still
    padded.push_back(stacked);
    const Tensor history = at::cat(padded, 1);
    std::vector<Tensor> shifted;
    for (std::int64_t tap = 0; tap < taps; ++tap) shifted.push_back(history.narrow(1, tap, frames));
    stacked = at::cat(shifted, -1);
  }
  const Tensor flat = stacked.flatten(0, 1).permute({0, 3, 1, 2});  // [B * F, C, H, W] in channels-last memory
  const Tensor y = at::conv2d(flat, kernel.contiguous(at::MemoryFormat::ChannelsLast), bias.to(run.dtype), /*stride=*/1,
                              /*padding=*/kernel.size(-1) / 2);
  return y.permute({0, 2, 3, 1}).unflatten(0, {x.size(0), frames});
}

// A convolution with its parameters, kernel kt x 3 x 3 or 1 x 1 x 1.
class CausalConv : public nn::Module {
 public:
  CausalConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t space_kernel,
             nn::Init init = nn::init::kaiming_uniform())
      : Module(parent, name),
        weight_(parameter("weight", {out, in, 1, space_kernel, space_kernel}, std::move(init))),
        bias_(parameter("bias", {out}, nn::init::zeros())) {}
  Tensor forward(const Tensor& x, const RunContext& run) const { return causal_conv(x, weight_, bias_, run); }

 private:
  Tensor &weight_, &bias_;
};

// Shortcuts around a change of width: means of groups of channels, or repeated channels (DC-AE). The convolution
// beside them only has to learn the difference.
Tensor group_channels(const Tensor& x, std::int64_t channels) {
  const std::int64_t group = x.size(-1) / channels;
  return x.unflatten(-1, {channels, group}).mean(-1) * std::sqrt(double(group));
}
Tensor repeat_channels(const Tensor& x, std::int64_t channels) {
  const std::int64_t group = channels / x.size(-1);
  return x.unsqueeze(-1).expand({-1, -1, -1, -1, -1, group}).flatten(-2);
}

Tensor norm_silu(const nn::LayerNorm& norm, const Tensor& x) { return at::silu(norm.forward(x)); }

using Blocks = std::vector<std::unique_ptr<VideoResBlock>>;

Blocks make_blocks(nn::Module& parent, const std::string& name, std::int64_t count, std::int64_t width, std::int64_t taps) {
  Blocks blocks;
  for (std::int64_t i = 0; i < count; ++i) {
    blocks.push_back(std::make_unique<VideoResBlock>(parent, concat(name, ".", i), width, taps));
  }
  return blocks;
}

Tensor run_blocks(const Blocks& blocks, Tensor x, const RunContext& run) {
  for (const auto& block : blocks) x = block->forward(x, run);
  return x;
}

}  // namespace

VideoResBlock::VideoResBlock(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t time_kernel)
    : Module(parent, name),
      time_kernel_(time_kernel),
      norm1_(*this, "norm1", width),
      norm2_(*this, "norm2", width),
      conv1_weight_(parameter("conv1.weight", {width, width, time_kernel, 3, 3}, nn::init::kaiming_uniform())),
      conv1_bias_(parameter("conv1.bias", {width}, nn::init::zeros())),
      conv2_weight_(parameter("conv2.weight", {width, width, 1, 3, 3}, nn::init::zeros())),
      conv2_bias_(parameter("conv2.bias", {width}, nn::init::zeros())) {}

Tensor VideoResBlock::forward(const Tensor& x, const RunContext& run) const {
  const Tensor hidden = causal_conv(norm_silu(norm1_, x), conv1_weight_, conv1_bias_, run);
  return x + causal_conv(norm_silu(norm2_, hidden), conv2_weight_, conv2_bias_, run);
}

class VideoAutoencoder::Encoder : public nn::Module {
 public:
  Encoder(nn::Module& parent, const VideoAutoencoderConfig& c)
      : Module(parent, "encoder"),
        in_(*this, "conv_in", 3 * c.frame_patch * c.pixel_patch * c.pixel_patch, c.outer_width, 1),
        outer_(make_blocks(*this, "outer", c.outer_encoder_blocks, c.outer_width, 1)),
        down_(*this, "down", 4 * c.outer_width, c.inner_width, 1),
        inner_(make_blocks(*this, "inner", c.encoder_blocks, c.inner_width, 3)),
        norm_(*this, "norm_out", c.inner_width),
        out_(*this, "conv_out", c.inner_width, 2 * c.latent_channels, 3) {}

  Tensor forward(const Tensor& folded, const RunContext& run) const {
    const Tensor outer = space_to_channels(run_blocks(outer_, in_.forward(folded, run), run), 2);
    const Tensor down = down_.forward(outer, run);
    const Tensor x = run_blocks(inner_, down + group_channels(outer, down.size(-1)), run);
    return out_.forward(norm_silu(norm_, x), run);
  }

 private:
  CausalConv in_;
  Blocks outer_;
  CausalConv down_;
  Blocks inner_;
  nn::LayerNorm norm_;
  CausalConv out_;
};

class VideoAutoencoder::Decoder : public nn::Module {
 public:
  Decoder(nn::Module& parent, const VideoAutoencoderConfig& c)
      : Module(parent, "decoder"),
        in_(*this, "conv_in", c.latent_channels, c.inner_width, 3),
        inner_(make_blocks(*this, "inner", c.decoder_blocks, c.inner_width, 3)),
        up_(*this, "up", c.inner_width, 4 * c.outer_width, 1),
        outer_(make_blocks(*this, "outer", c.outer_decoder_blocks, c.outer_width, 1)),
        norm_(*this, "norm_out", c.outer_width),
        out_(*this, "conv_out", c.outer_width, 3 * c.frame_patch * c.pixel_patch * c.pixel_patch, 3) {}

  Tensor forward(const Tensor& latent, const RunContext& run) const {
    const Tensor inner = run_blocks(inner_, in_.forward(latent, run), run);
    const Tensor up = up_.forward(inner, run);
    const Tensor x = run_blocks(outer_, channels_to_space(up + repeat_channels(inner, up.size(-1)), 2), run);
    return out_.forward(norm_silu(norm_, x), run);
  }

 private:
  CausalConv in_;
  Blocks inner_;
  CausalConv up_;
  Blocks outer_;
  nn::LayerNorm norm_;
  CausalConv out_;
};

namespace {

VideoAutoencoderConfig checked(const VideoAutoencoderConfig& config) {
  PF_CHECK(4 * config.outer_width % config.inner_width == 0, InvalidRequest, "video_autoencoder", "4 * outer_width (",
           config.outer_width, ") must be a multiple of inner_width (", config.inner_width, ")");
  return config;
}

}  // namespace

VideoAutoencoder::VideoAutoencoder(const VideoAutoencoderConfig& config)
    : config_(checked(config)), encoder_(std::make_unique<Encoder>(*this, config)), decoder_(std::make_unique<Decoder>(*this, config)) {}

VideoAutoencoder::~VideoAutoencoder() = default;

Posterior VideoAutoencoder::encode(const Tensor& frames, const RunContext& run) const {
  expect_shape(frames, {kAny, 3, kAny, kAny, kAny}, "video_autoencoder.encode: frames");
  PF_CHECK((frames.size(2) - 1) % config_.frame_patch == 0 && frames.size(3) % config_.stride() == 0 &&
               frames.size(4) % config_.stride() == 0,
           ShapeError, "video_autoencoder.encode", "frames ", shape_text(frames.sizes()), ": need ", config_.frame_patch,
           "n + 1 pictures of multiples of ", config_.stride(), " pixels");
  const Tensor first = frames.narrow(2, 0, 1);
  std::vector<Tensor> padded(size_t(config_.frame_patch - 1), first);  // the first latent frame holds one picture only
  padded.push_back(frames);
  const Tensor folded = fold_pixels(at::cat(padded, 2).to(run.dtype), config_.frame_patch, config_.pixel_patch);
  const Tensor out = encoder_->forward(folded, run).to(at::kFloat).permute({0, 4, 1, 2, 3});
  return {out.narrow(1, 0, config_.latent_channels), out.narrow(1, config_.latent_channels, config_.latent_channels)};
}

Tensor VideoAutoencoder::decode(const Tensor& latent, const RunContext& run) const {
  expect_shape(latent, {kAny, config_.latent_channels, kAny, kAny, kAny}, "video_autoencoder.decode: latent");
  const Tensor folded = decoder_->forward(latent.permute({0, 2, 3, 4, 1}), run);
  const Tensor frames = unfold_pixels(folded, config_.frame_patch, config_.pixel_patch).to(at::kFloat);
  return frames.narrow(2, config_.frame_patch - 1, frames.size(2) - config_.frame_patch + 1);
}

void save_video_autoencoder(const VideoAutoencoder& model, const std::string& folder) {
  VideoAutoencoderConfig config = model.config();
  weights::save_model_folder(folder, "video_autoencoder", write_json(config.fields()), model.state_dict());
}

std::unique_ptr<VideoAutoencoder> load_video_autoencoder(const std::string& folder, at::ScalarType dtype) {
  return weights::load_described(folder, "video_autoencoder", [&] {
    const weights::ModelFolder files = weights::open_model_folder(folder, "video_autoencoder");
    VideoAutoencoderConfig config;
    read_json(*files.config, config.fields(), folder + "/config.json");
    auto model = std::make_unique<VideoAutoencoder>(config);
    model->load(files.weights.tensors(), files.path, "", dtype);
    return model;
  });
}

}  // namespace phonofilm::autoencoders
