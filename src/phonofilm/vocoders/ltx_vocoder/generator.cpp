#include "phonofilm/vocoders/ltx_vocoder/generator.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm::vocoders::ltx {
namespace {

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

std::unique_ptr<SameConv> Layers::conv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out,
                                       std::int64_t kernel, std::int64_t dilation) const {
  return std::make_unique<Conv>(parent, name, in, out, kernel, dilation);
}

std::unique_ptr<UpConv> Layers::up(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out,
                                   std::int64_t kernel, std::int64_t stride) const {
  return std::make_unique<Up>(parent, name, in, out, kernel, stride);
}

std::unique_ptr<SameConv> Layers::last(nn::Module& parent, const std::string& name, std::int64_t in,
                                       std::int64_t kernel) const {
  return std::make_unique<Conv>(parent, name, in, kLtxVocoderChannels, kernel, /*dilation=*/1, last_bias);
}

Generator::Generator(nn::Module& parent, const std::string& name, const LtxGeneratorConfig& config)
    : Module(parent, name), config_(config), body_(*this, config_.network, Layers{config_.use_bias_at_final}) {}

Tensor Generator::unbounded(const Tensor& mel) const { return body_.forward(mel.to(at::kFloat)); }

Tensor Generator::bounded(const Tensor& wave) const {
  if (!config_.apply_final_activation) return wave;
  return config_.use_tanh_at_final ? at::tanh(wave) : wave.clamp(-1, 1);
}

}  // namespace phonofilm::vocoders::ltx
