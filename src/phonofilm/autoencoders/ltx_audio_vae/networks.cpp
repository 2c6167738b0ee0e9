#include "phonofilm/autoencoders/ltx_audio_vae/networks.h"

#include <algorithm>

#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::autoencoders::ltx_audio {

Encoder::Encoder(nn::Module& parent, const LtxAudioVaeConfig& c)
    : Module(parent, "encoder"),
      z_channels_(c.z_channels),
      in_(*this, "conv_in", kLtxAudioChannels, c.ch, /*kernel=*/3),
      middle_(*this, c.width(c.levels() - 1)),
      out_(*this, "conv_out", c.width(c.levels() - 1), 2 * c.z_channels, /*kernel=*/3) {
  for (std::int64_t i = 0; i < c.levels(); ++i) {
    const std::int64_t in = i == 0 ? c.ch : c.width(i - 1), out = c.width(i);
    levels_.push_back(std::make_unique<Level>(*this, concat("down.", i), in, out, c.num_res_blocks));
    if (i + 1 == c.levels()) break;
    downs_.push_back(std::make_unique<CausalConv>(*this, concat("down.", i, ".downsample"), out, out, /*kernel=*/3));
  }
}

Tensor Encoder::descend(Tensor x) const {
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    x = levels_[i]->forward(x);
    if (i < downs_.size()) x = downs_[i]->halve(x);
  }
  return x;
}

Tensor Encoder::finish(const Tensor& x) const {
  const Tensor moments = out_.forward(at::silu(pixel_norm(middle_.forward(x))));
  return moments.narrow(1, 0, z_channels_);
}

Decoder::Decoder(nn::Module& parent, const LtxAudioVaeConfig& c)
    : Module(parent, "decoder"),
      in_(*this, "conv_in", c.z_channels, c.width(c.levels() - 1), /*kernel=*/3),
      middle_(*this, c.width(c.levels() - 1)),
      out_(*this, "conv_out", c.width(0), kLtxAudioChannels, /*kernel=*/3) {
  for (std::int64_t i = 0; i < c.levels(); ++i) {
    const std::int64_t in = c.width(std::min(i + 1, c.levels() - 1)), out = c.width(i);
    levels_.push_back(std::make_unique<Level>(*this, concat("up.", i), in, out, c.num_res_blocks + 1));
    if (i == 0) continue;
    ups_.push_back(std::make_unique<CausalConv>(*this, concat("up.", i, ".upsample.conv"), out, out, /*kernel=*/3));
  }
}

Tensor Decoder::forward(const Tensor& latent) const {
  Tensor x = middle_.forward(in_.forward(latent));
  for (std::size_t i = levels_.size(); i-- > 0;) {
    x = levels_[i]->forward(x);
    if (i == 0) break;
    // The first row goes after the convolution, not before: the encoder's first frame stood alone, too.
    const Tensor dense = ups_[i - 1]->forward(doubled(x));
    x = dense.narrow(2, 1, dense.size(2) - 1);
  }
  return out_.forward(at::silu(pixel_norm(x)));
}

}  // namespace phonofilm::autoencoders::ltx_audio
