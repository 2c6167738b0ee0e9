#include "phonofilm/vocoders/bigvgan/bigvgan.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::vocoders {
namespace {

BigVganConfig checked(const BigVganConfig& config) {
  config.validate("bigvgan");
  return config;
}

}  // namespace

std::unique_ptr<WeightNormConv1d> BigVganLayers::conv(nn::Module& parent, const std::string& name, std::int64_t in,
                                                      std::int64_t out, std::int64_t kernel,
                                                      std::int64_t dilation) const {
  return std::make_unique<Conv>(parent, name, in, out, kernel, dilation, *all);
}

std::unique_ptr<WeightNormConvTranspose1d> BigVganLayers::up(nn::Module& parent, const std::string& name,
                                                             std::int64_t in, std::int64_t out, std::int64_t kernel,
                                                             std::int64_t stride) const {
  return std::make_unique<Up>(parent, name, in, out, kernel, stride, *all);
}

std::unique_ptr<WeightNormConv1d> BigVganLayers::last(nn::Module& parent, const std::string& name, std::int64_t in,
                                                      std::int64_t kernel) const {
  return conv(parent, name, in, /*out=*/1, kernel, /*dilation=*/1);
}

BigVgan::BigVgan(const BigVganConfig& config)
    : config_(checked(config)), body_(*this, config_, BigVganLayers{&layers_}) {}

void BigVgan::load(const std::map<std::string, Tensor>& tensors, const std::string& file, const std::string& prefix,
                   at::ScalarType dtype) {
  Module::load(with_weight_norm_names(tensors), file, prefix, at::kFloat);
  for (WeightNormed* layer : layers_) layer->fold(dtype);
}

Tensor BigVgan::forward(const Tensor& mel, const nn::RunContext& run) const {
  expect_shape(mel, {kAny, config_.num_mels, kAny}, "bigvgan: mel");
  PF_CHECK(mel.size(2) >= 1, ShapeError, "bigvgan", "the mel has no frame");
  return at::tanh(body_.forward(mel, run));
}

}  // namespace phonofilm::vocoders
