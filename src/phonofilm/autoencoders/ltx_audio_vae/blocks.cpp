#include "phonofilm/autoencoders/ltx_audio_vae/blocks.h"

#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::autoencoders::ltx_audio {
namespace {

constexpr double kEpsilon = 1e-6;

Tensor activated(const Tensor& x) { return at::silu(pixel_norm(x)); }

}  // namespace

Tensor pixel_norm(const Tensor& x) { return x * at::rsqrt(x.square().mean(1, /*keepdim=*/true) + kEpsilon); }

Tensor doubled(const Tensor& x) {
  const Tensor cells = x.unsqueeze(3).unsqueeze(5);  // [B, C, T, 1, M, 1]
  const Tensor four = cells.expand({x.size(0), x.size(1), x.size(2), 2, x.size(3), 2});
  return four.reshape({x.size(0), x.size(1), 2 * x.size(2), 2 * x.size(3)});
}

CausalConv::CausalConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out,
                       std::int64_t kernel)
    : Module(parent, name),
      kernel_(kernel),
      weight_(parameter("conv.weight", {out, in, kernel, kernel}, nn::init::kaiming_uniform())),
      bias_(parameter("conv.bias", {out}, nn::init::zeros())) {}

Tensor CausalConv::forward(const Tensor& x) const {
  const std::int64_t side = kernel_ / 2;
  const Tensor padded = kernel_ == 1 ? x : at::constant_pad_nd(x, {side, side, kernel_ - 1, 0}, 0);
  return at::conv2d(padded, weight_.to(at::kFloat), bias_.to(at::kFloat));
}

Tensor CausalConv::halve(const Tensor& x) const {
  const Tensor padded = at::constant_pad_nd(x, {0, 1, kernel_ - 1, 0}, 0);
  return at::conv2d(padded, weight_.to(at::kFloat), bias_.to(at::kFloat), /*stride=*/2);
}

ResBlock::ResBlock(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out)
    : Module(parent, name),
      conv1_(*this, "conv1", in, out, /*kernel=*/3),
      conv2_(*this, "conv2", out, out, /*kernel=*/3),
      shortcut_(in == out ? nullptr : std::make_unique<CausalConv>(*this, "nin_shortcut", in, out, /*kernel=*/1)) {}

Tensor ResBlock::forward(const Tensor& x) const {
  const Tensor change = conv2_.forward(activated(conv1_.forward(activated(x))));
  return (shortcut_ == nullptr ? x : shortcut_->forward(x)) + change;
}

Level::Level(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t count)
    : Module(parent, name) {
  for (std::int64_t i = 0; i < count; ++i) {
    blocks_.push_back(std::make_unique<ResBlock>(*this, concat("block.", i), i == 0 ? in : out, out));
  }
}

Tensor Level::forward(Tensor x) const {
  for (const auto& block : blocks_) x = block->forward(x);
  return x;
}

Middle::Middle(nn::Module& parent, std::int64_t width)
    : Module(parent, "mid"), first_(*this, "block_1", width, width), second_(*this, "block_2", width, width) {}

}  // namespace phonofilm::autoencoders::ltx_audio
