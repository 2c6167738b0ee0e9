#include "phonofilm/speaker_encoders/redimnet/backbone.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::speaker_encoders::redimnet {

MapMixture::MapMixture(nn::Module& parent, const std::string& name, std::int64_t maps, std::int64_t width)
    : Module(parent, name), weight_(parameter("w", {1, maps, maps == 1 ? 1 : width, 1}, nn::init::zeros())) {}

Tensor MapMixture::forward(const std::vector<Tensor>& maps) const {
  const Tensor shares = at::softmax(weight_, 1);
  Tensor sum = maps[0] * shares.select(1, 0);
  for (std::size_t i = 1; i < maps.size(); ++i) sum = sum + maps[i] * shares.select(1, std::int64_t(i));
  return sum;
}

// The publisher numbers the steps of a stage; steps 1 and 3 + blocks, the changes of form, have no weights.
Stage::Stage(nn::Module& parent, std::int64_t index, std::int64_t rows, std::int64_t channels,
             const ReDimNetConfig& config)
    : Module(parent, concat("stage", index)),
      rows_(rows),
      channels_(channels),
      mixture_(*this, "0", index + 1, config.width()),
      fold_(*this, "2", channels, channels * config.stages[std::size_t(index)].stride,
            {.height = config.stages[std::size_t(index)].stride,
             .row_stride = config.stages[std::size_t(index)].stride}) {
  const ReDimNetStage& stage = config.stages[std::size_t(index)];
  for (std::int64_t i = 0; i < stage.blocks; ++i) {
    blocks_.push_back(std::make_unique<PictureBlock>(*this, std::to_string(3 + i), channels * stage.stride,
                                                     stage.kernel, config.group_divisor));
  }
  context_ = std::make_unique<TimeContext>(*this, std::to_string(4 + stage.blocks), config.width(),
                                           config.width() / stage.reduction);
}

Tensor Stage::forward(const std::vector<Tensor>& maps) const {
  Tensor picture = fold_.forward(to_picture(mixture_.forward(maps), rows_, channels_));
  for (const auto& block : blocks_) picture = block->forward(picture);
  return context_->forward(to_frames(picture));
}

Backbone::Backbone(nn::Module& parent, const std::string& name, const ReDimNetConfig& config)
    : Module(parent, name),
      stem_(*this, "stem.0", 1, config.channels, {.height = 3, .width = 3, .padded = true}),
      stem_norm_(*this, "stem.1", config.channels) {
  std::int64_t rows = config.mels, channels = config.channels;
  for (std::size_t i = 0; i < config.stages.size(); ++i) {
    stages_.push_back(std::make_unique<Stage>(*this, std::int64_t(i), rows, channels, config));
    rows /= config.stages[i].stride;
    channels *= config.stages[i].stride;
  }
  mixture_ = std::make_unique<MapMixture>(*this, "fin_wght1d", std::int64_t(config.stages.size()) + 1, config.width());
}

std::vector<Tensor> Backbone::maps(const Tensor& features) const {
  std::vector<Tensor> maps{to_frames(over_channels(stem_norm_, stem_.forward(features.unsqueeze(1))))};
  for (const auto& stage : stages_) maps.push_back(stage->forward(maps));
  return maps;
}

Tensor Backbone::forward(const Tensor& features) const { return mixture_->forward(maps(features)); }

}  // namespace phonofilm::speaker_encoders::redimnet
