#include "phonofilm/speaker_encoders/redimnet/blocks.h"

#include "phonofilm/nn/activation.h"
#include "phonofilm/nn/rope.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::speaker_encoders::redimnet {
namespace {

constexpr std::int64_t kNearFrames = 59, kWidening = 2;
const nn::RunContext kFloat32{};

}  // namespace

PictureBlock::PictureBlock(nn::Module& parent, const std::string& name, std::int64_t channels, std::int64_t kernel,
                           std::int64_t group)
    : Module(parent, name),
      grouped_(*this, "conv_block.dwconvs.0", channels, channels,
               {.height = kernel, .width = kernel, .groups = channels / group, .padded = true}),
      norm_(*this, "conv_block.norm", channels),
      pointwise_(*this, "conv_block.pwconv1", channels, channels, {}) {}

Tensor PictureBlock::forward(const Tensor& x) const {
  return x + pointwise_.forward(at::gelu(norm_.forward(grouped_.forward(x))));
}

FrameTransformer::FrameTransformer(nn::Module& parent, const std::string& name, std::int64_t width)
    : Module(parent, name),
      q_(*this, "attention.q_proj", width, width),
      k_(*this, "attention.k_proj", width, width),
      v_(*this, "attention.v_proj", width, width),
      out_(*this, "attention.out_proj", width, width),
      attention_norm_(*this, "layer_norm", width),
      widen_(*this, "feed_forward.intermediate_dense", width, kWidening * width),
      narrow_(*this, "feed_forward.output_dense", kWidening * width, width),
      final_norm_(*this, "final_layer_norm", width) {}

Tensor FrameTransformer::attend(const Tensor& x) const {
  const auto heads = [&](const nn::Linear& linear) { return nn::split_heads(linear.forward(x, kFloat32), kHeads); };
  return out_.forward(nn::join_heads(nn::attention(heads(q_), heads(k_), heads(v_), kFloat32)), kFloat32);
}

Tensor FrameTransformer::forward(const Tensor& x) const {
  const Tensor y = attention_norm_.forward(x + attend(x));
  return final_norm_.forward(y + narrow_.forward(nn::gelu_tanh(widen_.forward(y, kFloat32)), kFloat32));
}

TimeContext::TimeContext(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t reduced)
    : Module(parent, name),
      reduce_(*this, "red_dim_conv.0", width, reduced, {.kernel = 1}),
      reduce_norm_(*this, "red_dim_conv.1", reduced),
      near_(*this, "tcm.0.conv", reduced, reduced,
            {.kernel = kNearFrames, .padding = kNearFrames / 2, .groups = reduced}),
      near_norm_(*this, "tcm.0.norm", reduced),
      far_(*this, "tcm.1", reduced),
      expand_(*this, "exp_dim_conv", reduced, width, {.kernel = 1}) {}

Tensor TimeContext::forward(const Tensor& frames) const {
  const Tensor narrow = over_channels(reduce_norm_, reduce_.forward(frames, kFloat32));  // [B, D / reduction, T]
  const Tensor near = narrow + over_channels(near_norm_, near_.forward(narrow, kFloat32));
  return frames + expand_.forward(far_.forward(near.transpose(1, 2)).transpose(1, 2), kFloat32);
}

}  // namespace phonofilm::speaker_encoders::redimnet
