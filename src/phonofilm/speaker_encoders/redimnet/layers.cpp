#include "phonofilm/speaker_encoders/redimnet/layers.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm::speaker_encoders::redimnet {
namespace {

constexpr double kBatchNormEpsilon = 1e-5;

}  // namespace

Tensor to_frames(const Tensor& picture) { return picture.transpose(1, 2).flatten(1, 2); }

Tensor to_picture(const Tensor& frames, std::int64_t rows, std::int64_t channels) {
  return frames.unflatten(1, {rows, channels}).transpose(1, 2);
}

Tensor over_channels(const nn::LayerNorm& norm, const Tensor& x) {
  return norm.forward(x.movedim(1, -1)).movedim(-1, 1);
}

Conv2d::Conv2d(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, Options options)
    : Module(parent, name),
      options_(options),
      weight_(
          parameter("weight", {out, in / options.groups, options.height, options.width}, nn::init::kaiming_uniform())),
      bias_(parameter("bias", {out}, nn::init::zeros())) {}

Tensor Conv2d::forward(const Tensor& x) const {
  const Shape stride{options_.row_stride, 1};
  const Shape padding{options_.padded ? options_.height / 2 : 0, options_.padded ? options_.width / 2 : 0};
  return at::conv2d(x, weight_, bias_, stride, padding, /*dilation=*/1, options_.groups);
}

BatchNorm::BatchNorm(nn::Module& parent, const std::string& name, std::int64_t channels)
    : Module(parent, name),
      weight_(parameter("weight", {channels}, nn::init::ones())),
      bias_(parameter("bias", {channels}, nn::init::zeros())),
      mean_(parameter("running_mean", {channels}, nn::init::zeros())),
      variance_(parameter("running_var", {channels}, nn::init::ones())) {}

Tensor BatchNorm::forward(const Tensor& x) const {
  Shape per_channel(std::size_t(x.dim()), 1);
  per_channel[1] = x.size(1);
  const Tensor scale = weight_ * at::rsqrt(variance_.detach() + kBatchNormEpsilon);
  return x * scale.view(per_channel) + (bias_ - mean_.detach() * scale).view(per_channel);
}

}  // namespace phonofilm::speaker_encoders::redimnet
