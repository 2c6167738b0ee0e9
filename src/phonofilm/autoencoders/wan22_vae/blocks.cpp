#include "phonofilm/autoencoders/wan22_vae/blocks.h"

#include "phonofilm/nn/layers.h"
#include "phonofilm/nn/rope.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::autoencoders::wan22 {

using nn::RunContext;

ChannelNorm::ChannelNorm(nn::Module& parent, const std::string& name, std::int64_t width, Gamma gamma)
    : Module(parent, name),
      gamma_(parameter("gamma", gamma == Gamma::per_film ? Shape{width, 1, 1, 1} : Shape{width, 1, 1},
                       nn::init::ones())) {}

Tensor ChannelNorm::forward(const Tensor& x) const {
  const std::int64_t width = x.size(-1);
  // The publisher keeps the length at 1e-12 at least; as a mean of squares that is 1e-24 / C.
  const Tensor rows = x.reshape({x.size(0), -1, width});
  return nn::rms_norm_rope(rows, gamma_.flatten(), 1e-24 / double(width), /*heads=*/1, /*rope=*/nullptr)
      .view(x.sizes());
}

ResidualBlock::ResidualBlock(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out)
    : Module(parent, name),
      norm1_(*this, "residual.0", in),
      conv1_(*this, "residual.2", in, out, /*taps=*/3, /*kernel=*/3),
      norm2_(*this, "residual.3", out),
      conv2_(*this, "residual.6", out, out, /*taps=*/3, /*kernel=*/3),
      shortcut_(in == out ? nullptr
                          : std::make_unique<CausalConv>(*this, "shortcut", in, out, /*taps=*/1, /*kernel=*/1)) {}

Tensor ResidualBlock::forward(const Tensor& x, Stream& stream, const RunContext& run) const {
  const Tensor hidden = conv1_.forward(at::silu(norm1_.forward(x)), stream, run);
  const Tensor change = conv2_.forward(at::silu(norm2_.forward(hidden)), stream, run);
  return (shortcut_ == nullptr ? x : shortcut_->forward(x, stream, run)) + change;
}

FrameAttention::FrameAttention(nn::Module& parent, const std::string& name, std::int64_t width)
    : Module(parent, name),
      norm_(*this, "norm", width, ChannelNorm::Gamma::per_frame),
      to_qkv_(*this, "to_qkv", width, 3 * width, /*kernel=*/1),
      proj_(*this, "proj", width, width, /*kernel=*/1) {}

Tensor FrameAttention::forward(const Tensor& x, const RunContext& run) const {
  const Tensor qkv =
      to_qkv_.forward(norm_.forward(x), run).flatten(2, 3).flatten(0, 1).unsqueeze(1);  // [B F, 1, H W, 3 C]
  const std::vector<Tensor> heads = at::chunk(qkv, 3, -1);
  return x + proj_.forward(nn::attention(heads[0], heads[1], heads[2], run).view(x.sizes()), run);
}

Middle::Middle(nn::Module& parent, std::int64_t width)
    : Module(parent, "middle"),
      first_(*this, "0", width, width),
      attention_(*this, "1", width),
      last_(*this, "2", width, width) {}

Tensor Middle::forward(const Tensor& x, Stream& stream, const RunContext& run) const {
  return last_.forward(attention_.forward(first_.forward(x, stream, run), run), stream, run);
}

Head::Head(nn::Module& parent, std::int64_t in, std::int64_t out)
    : Module(parent, "head"), norm_(*this, "0", in), conv_(*this, "2", in, out, /*taps=*/3, /*kernel=*/3) {}

Tensor Head::forward(const Tensor& x, Stream& stream, const RunContext& run) const {
  return conv_.forward(at::silu(norm_.forward(x)), stream, run);
}

}  // namespace phonofilm::autoencoders::wan22
