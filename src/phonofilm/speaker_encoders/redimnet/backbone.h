// The body of ReDimNet: stages that work on the picture and on the frames in turn. Every map, whatever its rows and
// channels, is also a sequence of frames of the same width F C, so that a stage can read a mixture of all maps before
// it.
#pragma once

#include <memory>
#include <vector>

#include "phonofilm/speaker_encoders/redimnet/blocks.h"
#include "phonofilm/speaker_encoders/redimnet/config.h"

namespace phonofilm::speaker_encoders::redimnet {

// A mean of maps whose shares are learned, for every number of a frame its own; the shares sum to 1.
class MapMixture : public nn::Module {
 public:
  MapMixture(nn::Module& parent, const std::string& name, std::int64_t maps, std::int64_t width);
  Tensor forward(const std::vector<Tensor>& maps) const;  // each [B, F C, T] -> [B, F C, T]

 private:
  Tensor& weight_;  // [1, maps, F C, 1]; of a single map, which has no choice, [1, 1, 1, 1]
};

class Stage : public nn::Module {
 public:
  // rows, channels: of the picture before the stage; index: its number, which is that of the stages before it
  Stage(nn::Module& parent, std::int64_t index, std::int64_t rows, std::int64_t channels, const ReDimNetConfig& config);
  Tensor forward(const std::vector<Tensor>& maps) const;  // each [B, F C, T] -> [B, F C, T]

 private:
  std::int64_t rows_, channels_;
  MapMixture mixture_;
  Conv2d fold_;  // as many rows as the stride says become one
  std::vector<std::unique_ptr<PictureBlock>> blocks_;
  std::unique_ptr<TimeContext> context_;
};

class Backbone : public nn::Module {
 public:
  Backbone(nn::Module& parent, const std::string& name, const ReDimNetConfig& config);
  // features [B, F, T] -> the stem's map, then that of every stage, each [B, F C, T].
  std::vector<Tensor> maps(const Tensor& features) const;
  // The mixture of all maps, [B, F C, T].
  Tensor forward(const Tensor& features) const;

 private:
  Conv2d stem_;
  nn::LayerNorm stem_norm_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::unique_ptr<MapMixture> mixture_;
};

}  // namespace phonofilm::speaker_encoders::redimnet
