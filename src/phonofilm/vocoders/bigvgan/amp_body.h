// The body of BigVGAN (Lee et al. 2023), for any kind of convolution and any spelling of names: the published BigVGAN
// and both generators of the LTX vocoder are made of it.
//
// `Layers` says how a network makes and names its layers. It has the types Conv and Up, modules with
//   Tensor forward(const Tensor& x, const Run&... run) const
// and the functions
//   conv(parent, name, in, out, kernel, dilation), up(parent, name, in, out, kernel, stride)   std::unique_ptr of them
//   last(parent, name, in, kernel)                 the convolution that makes samples, likewise
//   snake_name(dilation_index, half), up_name(stage), last_snake_name()
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "phonofilm/base/text.h"
#include "phonofilm/vocoders/bigvgan/anti_aliased.h"
#include "phonofilm/vocoders/bigvgan/config.h"

namespace phonofilm::vocoders {

// For each dilation d: x + conv2(snake(conv1_d(snake(x)))). x [B, C, T] float32. AMP: anti-aliased multi-periodicity.
template <class Layers>
class AmpBlock : public nn::Module {
 public:
  AmpBlock(nn::Module& parent, const std::string& name, std::int64_t channels, std::int64_t kernel,
           const std::vector<std::int64_t>& dilations, const Layers& layers = {})
      : Module(parent, name) {
    const auto add = [&](std::size_t index, int half, std::int64_t dilation) {
      const std::string conv = concat("convs", half + 1, ".", index);
      halves_.push_back({std::make_unique<AntiAliasedSnake>(*this, layers.snake_name(index, half), channels),
                         layers.conv(*this, conv, channels, channels, kernel, dilation)});
    };
    for (std::size_t i = 0; i < dilations.size(); ++i) {
      add(i, 0, dilations[i]);
      add(i, 1, /*dilation=*/1);
    }
  }

  template <class... Run>
  Tensor forward(Tensor x, const Run&... run) const {
    for (std::size_t i = 0; i < halves_.size(); i += 2) {
      x = x + half(i + 1, half(i, x, run...), run...);
    }
    return x;
  }

 private:
  struct Half {
    std::unique_ptr<AntiAliasedSnake> snake;
    std::unique_ptr<typename Layers::Conv> conv;
  };

  template <class... Run>
  Tensor half(std::size_t index, const Tensor& x, const Run&... run) const {
    return halves_[index].conv->forward(halves_[index].snake->forward(x), run...);
  }

  std::vector<Half> halves_;  // two per dilation
};

// From a mel to samples, before any bound. Its layers are the owner's own.
template <class Layers>
class AmpBody {
 public:
  // `config` must be valid.
  AmpBody(nn::Module& owner, const BigVganConfig& config, const Layers& layers)
      : pre_(layers.conv(owner, "conv_pre", config.num_mels, config.width_after(0), kOuterKernel, /*dilation=*/1)),
        stages_(make_stages(owner, config, layers)),
        last_snake_(owner, layers.last_snake_name(), config.width_after(stages_.size())),
        post_(layers.last(owner, "conv_post", config.width_after(stages_.size()), kOuterKernel)) {}

  // mel [B, num_mels, T] -> [B, channels of the last convolution, hop T]
  template <class... Run>
  Tensor forward(const Tensor& mel, const Run&... run) const {
    Tensor x = pre_->forward(mel, run...);
    for (const Stage& stage : stages_) {
      x = stage.up->forward(x, run...);
      Tensor sum = stage.blocks.front()->forward(x, run...);
      for (std::size_t j = 1; j < stage.blocks.size(); ++j) sum = sum + stage.blocks[j]->forward(x, run...);
      x = sum / double(stage.blocks.size());
    }
    return post_->forward(last_snake_.forward(x), run...);
  }

 private:
  static constexpr std::int64_t kOuterKernel = 7;  // of the first and the last convolution

  struct Stage {
    std::unique_ptr<typename Layers::Up> up;
    std::vector<std::unique_ptr<AmpBlock<Layers>>> blocks;  // their mean is taken
  };

  static std::vector<Stage> make_stages(nn::Module& owner, const BigVganConfig& c, const Layers& layers) {
    const auto& kernels = c.resblock_kernel_sizes;
    std::vector<Stage> stages(c.upsample_rates.size());
    for (std::size_t i = 0; i < stages.size(); ++i) {
      stages[i].up = layers.up(owner, layers.up_name(i), c.width_after(i), c.width_after(i + 1),
                               c.upsample_kernel_sizes[i], c.upsample_rates[i]);
      for (std::size_t j = 0; j < kernels.size(); ++j) {
        const std::string name = concat("resblocks.", i * kernels.size() + j);
        stages[i].blocks.push_back(std::make_unique<AmpBlock<Layers>>(owner, name, c.width_after(i + 1), kernels[j],
                                                                      c.resblock_dilations, layers));
      }
    }
    return stages;
  }

  std::unique_ptr<typename Layers::Conv> pre_;
  std::vector<Stage> stages_;
  AntiAliasedSnake last_snake_;
  std::unique_ptr<typename Layers::Conv> post_;
};

}  // namespace phonofilm::vocoders
