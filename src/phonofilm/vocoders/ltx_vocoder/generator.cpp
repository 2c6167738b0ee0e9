#include "phonofilm/vocoders/ltx_vocoder/generator.h"

#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::vocoders::ltx {
namespace {

constexpr std::int64_t kOuterKernel = 7;  // of the first and the last convolution
constexpr double kFreshDeviation = 0.01;  // of weights that are not loaded, as in BigVGAN

}  // namespace

SameConv::SameConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
                   std::int64_t dilation, bool bias)
    : Module(parent, name),
      padding_(dilation * (kernel - 1) / 2),
      dilation_(dilation),
      weight_(parameter("weight", {out, in, kernel}, nn::init::normal(kFreshDeviation))),
      bias_(bias ? &parameter("bias", {out}, nn::init::zeros()) : nullptr) {}

Tensor SameConv::forward(const Tensor& x) const {
  const auto bias = bias_ == nullptr ? c10::optional<Tensor>() : bias_->to(at::kFloat);
  return at::conv1d(x, weight_.to(at::kFloat), bias, /*stride=*/1, padding_, dilation_);
}

UpConv::UpConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
               std::int64_t stride)
    : Module(parent, name),
      stride_(stride),
      padding_((kernel - stride) / 2),
      weight_(parameter("weight", {in, out, kernel}, nn::init::normal(kFreshDeviation))),
      bias_(parameter("bias", {out}, nn::init::zeros())) {}

Tensor UpConv::forward(const Tensor& x) const {
  return at::conv_transpose1d(x, weight_.to(at::kFloat), bias_.to(at::kFloat), stride_, padding_);
}

AmpBlock::AmpBlock(nn::Module& parent, const std::string& name, std::int64_t channels, std::int64_t kernel,
                   const std::vector<std::int64_t>& dilations)
    : Module(parent, name), steps_(dilations.size()) {
  const auto conv = [&](const char* list, std::size_t index, std::int64_t dilation) {
    return std::make_unique<SameConv>(*this, concat(list, index), channels, channels, kernel, dilation);
  };
  for (std::size_t i = 0; i < dilations.size(); ++i) {
    steps_[i].snake1 = std::make_unique<AntiAliasedSnake>(*this, concat("acts1.", i), channels);
    steps_[i].conv1 = conv("convs1.", i, dilations[i]);
    steps_[i].snake2 = std::make_unique<AntiAliasedSnake>(*this, concat("acts2.", i), channels);
    steps_[i].conv2 = conv("convs2.", i, /*dilation=*/1);
  }
}

Tensor AmpBlock::forward(Tensor x) const {
  for (const Step& step : steps_) {
    const Tensor branch = step.conv1->forward(step.snake1->forward(x));
    x = x + step.conv2->forward(step.snake2->forward(branch));
  }
  return x;
}

Generator::Generator(nn::Module& parent, const std::string& name, const LtxGeneratorConfig& config)
    : Module(parent, name),
      config_(config),
      pre_(*this, "conv_pre", config_.network.num_mels, width_after(0), kOuterKernel),
      stages_(make_stages()),
      snake_post_(*this, "act_post", width_after(stages_.size())),
      post_(*this, "conv_post", width_after(stages_.size()), kLtxVocoderChannels, kOuterKernel, /*dilation=*/1,
            config_.use_bias_at_final) {}

std::vector<Generator::Stage> Generator::make_stages() {
  const BigVganConfig& c = config_.network;
  const std::size_t count = c.resblock_kernel_sizes.size();
  std::vector<Stage> stages(c.upsample_rates.size());
  for (std::size_t i = 0; i < stages.size(); ++i) {
    stages[i].up = std::make_unique<UpConv>(*this, concat("ups.", i), width_after(i), width_after(i + 1),
                                            c.upsample_kernel_sizes[i], c.upsample_rates[i]);
    for (std::size_t j = 0; j < count; ++j) {
      const std::string name = concat("resblocks.", i * count + j);
      stages[i].blocks.push_back(std::make_unique<AmpBlock>(*this, name, width_after(i + 1), c.resblock_kernel_sizes[j],
                                                            c.resblock_dilations));
    }
  }
  return stages;
}

Tensor Generator::unbounded(const Tensor& mel) const {
  Tensor x = pre_.forward(mel.to(at::kFloat));
  for (const Stage& stage : stages_) {
    x = stage.up->forward(x);
    Tensor sum = stage.blocks.front()->forward(x);
    for (std::size_t j = 1; j < stage.blocks.size(); ++j) sum = sum + stage.blocks[j]->forward(x);
    x = sum / double(stage.blocks.size());
  }
  return post_.forward(snake_post_.forward(x));
}

Tensor Generator::bounded(const Tensor& wave) const {
  if (!config_.apply_final_activation) return wave;
  return config_.use_tanh_at_final ? at::tanh(wave) : wave.clamp(-1, 1);
}

}  // namespace phonofilm::vocoders::ltx
