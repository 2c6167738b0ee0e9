#include "phonofilm/autoencoders/wan22_vae/encoder.h"

#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::autoencoders::wan22 {

using nn::RunContext;

DownStage::DownStage(nn::Module& parent, const std::string& name, const Shape& shape)
    : Module(parent, name), shape_(shape) {
  for (std::int64_t i = 0; i < shape.blocks; ++i) {
    const std::int64_t in = i == 0 ? shape.in : shape.out;
    blocks_.push_back(std::make_unique<ResidualBlock>(*this, concat("downsamples.", i), in, shape.out));
  }
  if (shape.space == Space::changed) {
    downsample_ = std::make_unique<Downsample>(*this, concat("downsamples.", shape.blocks), shape.out, shape.time);
  }
}

Tensor DownStage::forward(const Tensor& x, Stream& stream, const RunContext& run) const {
  Tensor y = x;
  for (const auto& block : blocks_) y = block->forward(y, stream, run);
  if (downsample_ == nullptr) return y + x;
  return add_block_means(downsample_->forward(y, stream, run), x, shape_.time);
}

Encoder::Encoder(nn::Module& parent, const Wan22VaeConfig& config)
    : Module(parent, "encoder"),
      conv1_(*this, "conv1", /*in=*/12, config.dim, /*taps=*/3, /*kernel=*/3),
      downsamples_([&] {
        const std::vector<std::int64_t> widths = config.encoder_widths();
        std::vector<std::unique_ptr<DownStage>> stages;
        for (std::size_t i = 0; i < 4; ++i) {
          const DownStage::Shape shape{.in = widths[i], .out = widths[i + 1], .blocks = config.num_res_blocks,
                                       .space = i < 3 ? Space::changed : Space::kept,
                                       .time = i == 1 || i == 2 ? Time::changed : Time::kept};
          stages.push_back(std::make_unique<DownStage>(*this, concat("downsamples.", i), shape));
        }
        return stages;
      }()),
      middle_(*this, config.encoder_widths().back()),
      head_(*this, config.encoder_widths().back(), 2 * kWan22LatentChannels) {}

Tensor Encoder::forward(const Tensor& x, Stream& stream, const RunContext& run) const {
  Tensor y = conv1_.forward(x, stream, run);
  for (const auto& stage : downsamples_) y = stage->forward(y, stream, run);
  return head_.forward(middle_.forward(y, stream, run), stream, run);
}

}  // namespace phonofilm::autoencoders::wan22
