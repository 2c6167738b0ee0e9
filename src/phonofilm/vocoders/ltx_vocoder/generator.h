// The generator of the LTX vocoder: BigVGAN (vocoders/bigvgan) for stereo, with its weight normalisation multiplied
// out, other names and an optional final activation. All in float32: the phase of an activation runs over many turns.
#pragma once

#include <memory>
#include <string>

#include "phonofilm/vocoders/bigvgan/anti_aliased.h"
#include "phonofilm/vocoders/ltx_vocoder/config.h"

namespace phonofilm::vocoders::ltx {

// Convolution of odd kernel that keeps the length: [B, in, T] -> [B, out, T]. weight [out, in, k].
class SameConv : public nn::Module {
 public:
  SameConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
           std::int64_t dilation = 1, bool bias = true);
  Tensor forward(const Tensor& x) const;

 private:
  std::int64_t padding_, dilation_;
  Tensor &weight_, *bias_;
};

// Transposed convolution that makes `stride` samples of one: [B, in, T] -> [B, out, stride T]. weight [in, out, k]; k -
// stride must be even and not negative.
class UpConv : public nn::Module {
 public:
  UpConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
         std::int64_t stride);
  Tensor forward(const Tensor& x) const;

 private:
  std::int64_t stride_, padding_;
  Tensor &weight_, &bias_;
};

// For each dilation d: x + conv2(snake(conv1_d(snake(x)))). x [B, C, T].
class AmpBlock : public nn::Module {
 public:
  AmpBlock(nn::Module& parent, const std::string& name, std::int64_t channels, std::int64_t kernel,
           const std::vector<std::int64_t>& dilations);
  Tensor forward(Tensor x) const;

 private:
  struct Step {
    std::unique_ptr<AntiAliasedSnake> snake1, snake2;
    std::unique_ptr<SameConv> conv1, conv2;
  };
  std::vector<Step> steps_;
};

class Generator : public nn::Module {
 public:
  // `config` must be valid.
  Generator(nn::Module& parent, const std::string& name, const LtxGeneratorConfig& config);
  // mel [B, num_mels, T], the bands of the left side first -> [B, 2, hop T]; bounded if the config says so.
  Tensor forward(const Tensor& mel) const { return bounded(unbounded(mel)); }
  Tensor unbounded(const Tensor& mel) const;
  Tensor bounded(const Tensor& wave) const;

 private:
  struct Stage {
    std::unique_ptr<UpConv> up;
    std::vector<std::unique_ptr<AmpBlock>> blocks;  // their mean is taken
  };
  std::vector<Stage> make_stages();
  std::int64_t width_after(std::size_t stages) const { return config_.network.upsample_initial_channel >> stages; }

  LtxGeneratorConfig config_;
  SameConv pre_;
  std::vector<Stage> stages_;
  AntiAliasedSnake snake_post_;
  SameConv post_;
};

}  // namespace phonofilm::vocoders::ltx
