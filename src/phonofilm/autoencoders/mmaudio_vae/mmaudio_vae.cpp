#include "phonofilm/autoencoders/mmaudio_vae/mmaudio_vae.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::autoencoders {

using nn::RunContext;

Fields MmaudioVaeConfig::fields() {
  return {{"data_dim", &data_dim, "mel bands", 1.0, 1024.0},
          {"embed_dim", &embed_dim, "latent channels", 1.0, 1024.0},
          {"hidden_dim", &hidden_dim, "channels at the mel's rate", 1.0, 8192.0}};
}

namespace {

constexpr std::int64_t kEncoderBlocks = 2, kDecoderBlocks = 3;
constexpr double kLimit = 256;  // of activations after a block; keeps the publisher's half precision from overflowing

// Three levels of 1, 2 and 4 times hidden_dim channels.
std::int64_t width_of(const MmaudioVaeConfig& config, std::int64_t level) { return config.hidden_dim << level; }

Tensor limited(const Tensor& x) { return x.clamp(-kLimit, kLimit); }

// Residual blocks <name>.block.0, 1, ... of which the first changes the width.
class Level : public nn::Module {
 public:
  Level(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t count, MpConvs& all)
      : Module(parent, name) {
    for (std::int64_t i = 0; i < count; ++i) {
      blocks_.push_back(std::make_unique<MpResBlock>(*this, concat("block.", i), i == 0 ? in : out, out, all));
    }
  }
  Tensor forward(Tensor x, const RunContext& run) const {
    for (const auto& block : blocks_) x = limited(block->forward(x, run));
    return x;
  }

 private:
  std::vector<std::unique_ptr<MpResBlock>> blocks_;
};

// Block, attention, block, at the widest level of either network.
class Middle : public nn::Module {
 public:
  Middle(nn::Module& parent, std::int64_t width, MpConvs& all)
      : Module(parent, "mid"),
        first_(*this, "block_1", width, width, all),
        attention_(*this, "attn_1", width, all),
        second_(*this, "block_2", width, width, all) {}
  Tensor forward(const Tensor& x, const RunContext& run) const {
    return limited(second_.forward(attention_.forward(first_.forward(x, run), run), run));
  }

 private:
  MpResBlock first_;
  MpAttention attention_;
  MpResBlock second_;
};

// Halves time: a convolution of one tap, the mean of two frames, another convolution.
class Downsample : public nn::Module {
 public:
  Downsample(nn::Module& parent, const std::string& name, std::int64_t width, MpConvs& all)
      : Module(parent, name),
        conv1_(*this, "conv1", width, width, /*kernel=*/1, all),
        conv2_(*this, "conv2", width, width, /*kernel=*/1, all) {}
  Tensor forward(const Tensor& x, const RunContext& run) const {
    const std::int64_t pairs = x.size(2) / 2;
    const Tensor even = x.narrow(2, 0, 2 * pairs);
    return conv2_.forward(conv1_.forward(even, run).unflatten(2, {pairs, 2}).mean(-1), run);
  }

 private:
  MpConv1d conv1_, conv2_;
};

}  // namespace

// x [B, data_dim, T], normalised mel -> [B, 2 embed_dim, T / 2]: mean, then log variance.
class MmaudioVae::Encoder : public nn::Module {
 public:
  Encoder(MmaudioVae& vae, const MmaudioVaeConfig& c, MpConvs& all)
      : Module(vae, "encoder"),
        gain_(parameter("learnable_gain", {}, nn::init::zeros())),
        in_(*this, "conv_in", c.data_dim, width_of(c, 0), /*kernel=*/3, all),
        level0_(*this, "down.0", width_of(c, 0), width_of(c, 0), kEncoderBlocks, all),
        down_(*this, "down.0.downsample", width_of(c, 0), all),
        level1_(*this, "down.1", width_of(c, 0), width_of(c, 1), kEncoderBlocks, all),
        level2_(*this, "down.2", width_of(c, 1), width_of(c, 2), kEncoderBlocks, all),
        middle_(*this, width_of(c, 2), all),
        out_(*this, "conv_out", width_of(c, 2), 2 * c.embed_dim, /*kernel=*/3, all) {}

  Tensor forward(const Tensor& mel, const RunContext& run) const {
    Tensor x = level0_.forward(in_.forward(mel, run), run);
    x = level2_.forward(level1_.forward(down_.forward(x, run), run), run);
    return out_.forward(mp_silu(middle_.forward(x, run)), gain_ + 1, run);
  }

 private:
  Tensor& gain_;
  MpConv1d in_;
  Level level0_;
  Downsample down_;
  Level level1_, level2_;
  Middle middle_;
  MpConv1d out_;
};

// latent [B, embed_dim, T] -> normalised mel [B, data_dim, 2 T].
class MmaudioVae::Decoder : public nn::Module {
 public:
  Decoder(MmaudioVae& vae, const MmaudioVaeConfig& c, MpConvs& all)
      : Module(vae, "decoder"),
        gain_(parameter("learnable_gain", {}, nn::init::zeros())),
        in_(*this, "conv_in", c.embed_dim, width_of(c, 2), /*kernel=*/3, all),
        middle_(*this, width_of(c, 2), all),
        level2_(*this, "up.2", width_of(c, 2), width_of(c, 2), kDecoderBlocks, all),
        level1_(*this, "up.1", width_of(c, 2), width_of(c, 1), kDecoderBlocks, all),
        up_(*this, "up.1.upsample.conv", width_of(c, 1), width_of(c, 1), /*kernel=*/3, all),
        level0_(*this, "up.0", width_of(c, 1), width_of(c, 0), kDecoderBlocks, all),
        out_(*this, "conv_out", width_of(c, 0), c.data_dim, /*kernel=*/3, all) {}

  Tensor forward(const Tensor& latent, const RunContext& run) const {
    Tensor x = middle_.forward(in_.forward(latent, run), run);
    x = level1_.forward(level2_.forward(x, run), run);
    x = level0_.forward(up_.forward(x.repeat_interleave(2, 2), run), run);
    return out_.forward(mp_silu(x), gain_ + 1, run);
  }

 private:
  Tensor& gain_;
  MpConv1d in_;
  Middle middle_;
  Level level2_, level1_;
  MpConv1d up_;
  Level level0_;
  MpConv1d out_;
};

MmaudioVae::MmaudioVae(const MmaudioVaeConfig& config)
    : config_(config),
      data_mean_(parameter("data_mean", {1, config.data_dim, 1}, nn::init::zeros())),
      data_std_(parameter("data_std", {1, config.data_dim, 1}, nn::init::ones())),
      encoder_(std::make_unique<Encoder>(*this, config_, convs_)),
      decoder_(std::make_unique<Decoder>(*this, config_, convs_)) {}

MmaudioVae::~MmaudioVae() = default;

void MmaudioVae::load(const std::map<std::string, Tensor>& tensors, const std::string& file, const std::string& prefix,
                      at::ScalarType dtype) {
  Module::load(tensors, file, prefix, at::kFloat);
  for (MpConv1d* conv : convs_) conv->fold(dtype);
}

Posterior MmaudioVae::encode(const Tensor& mel, const RunContext& run) const {
  expect_shape(mel, {kAny, config_.data_dim, kAny}, "mmaudio_vae.encode: mel");
  PF_CHECK(mel.size(2) >= 2, ShapeError, "mmaudio_vae.encode", "at least 2 mel frames are needed, got ", mel.size(2));
  const Tensor normalised = (mel.to(at::kFloat) - data_mean_.detach()) / data_std_.detach();
  const std::vector<Tensor> halves = at::chunk(encoder_->forward(normalised, run), 2, 1);
  return {halves[0], halves[1].clamp(-30, 20)};
}

Tensor MmaudioVae::decode(const Tensor& latent, const RunContext& run) const {
  expect_shape(latent, {kAny, config_.embed_dim, kAny}, "mmaudio_vae.decode: latent");
  PF_CHECK(latent.size(2) >= 1, ShapeError, "mmaudio_vae.decode", "the latent has no frame");
  return decoder_->forward(latent, run) * data_std_.detach() + data_mean_.detach();
}

}  // namespace phonofilm::autoencoders
