#include "phonofilm/autoencoders/wan22_vae/decoder.h"

#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::autoencoders::wan22 {

using nn::RunContext;

UpStage::UpStage(nn::Module& parent, const std::string& name, const Shape& shape)
    : Module(parent, name), shape_(shape) {
  for (std::int64_t i = 0; i < shape.blocks; ++i) {
    const std::int64_t in = i == 0 ? shape.in : shape.out;
    blocks_.push_back(std::make_unique<ResidualBlock>(*this, concat("upsamples.", i), in, shape.out));
  }
  const std::string last = concat("upsamples.", shape.blocks);
  if (!shape.last) upsample_ = std::make_unique<Upsample>(*this, last, shape.out, shape.time);
}

Tensor UpStage::forward(const Tensor& x, Stream& stream, const RunContext& run) const {
  Tensor y = x;
  for (const auto& block : blocks_) y = block->forward(y, stream, run);
  if (upsample_ == nullptr) return y;
  return add_spread(upsample_->forward(y, stream, run), x, shape_.time, stream);
}

Decoder::Decoder(nn::Module& parent, const Wan22VaeConfig& config)
    : Module(parent, "decoder"),
      conv1_(*this, "conv1", kWan22LatentChannels, config.decoder_widths().front(), /*taps=*/3, /*kernel=*/3),
      middle_(*this, config.decoder_widths().front()),
      upsamples_([&] {
        const std::vector<std::int64_t> widths = config.decoder_widths();
        std::vector<std::unique_ptr<UpStage>> stages;
        for (std::size_t i = 0; i < 4; ++i) {
          const UpStage::Shape shape{.in = widths[i], .out = widths[i + 1], .blocks = config.num_res_blocks + 1,
                                     .last = i == 3, .time = i < 2 ? Time::changed : Time::kept};
          stages.push_back(std::make_unique<UpStage>(*this, concat("upsamples.", i), shape));
        }
        return stages;
      }()),
      head_(*this, config.dec_dim, /*out=*/12) {}

Tensor Decoder::forward(const Tensor& x, Stream& stream, const RunContext& run) const {
  Tensor y = middle_.forward(conv1_.forward(x, stream, run), stream, run);
  for (const auto& stage : upsamples_) y = stage->forward(y, stream, run);
  return head_.forward(y, stream, run);
}

}  // namespace phonofilm::autoencoders::wan22
