// The encoder of Wan 2.2's video autoencoder: folded pixels to the moments of the latent.
#pragma once

#include <memory>
#include <vector>

#include "phonofilm/autoencoders/wan22_vae/blocks.h"
#include "phonofilm/autoencoders/wan22_vae/config.h"
#include "phonofilm/autoencoders/wan22_vae/resample.h"

namespace phonofilm::autoencoders::wan22 {

enum class Space { kept, changed };

// Residual blocks, then a change of resolution, and block means of what came in added.
class DownStage : public nn::Module {
 public:
  struct Shape {
    std::int64_t in, out, blocks;
    Space space;
    Time time;
  };
  DownStage(nn::Module& parent, const std::string& name, const Shape& shape);
  Tensor forward(const Tensor& x, Stream& stream, const nn::RunContext& run) const;

 private:
  Shape shape_;
  std::vector<std::unique_ptr<ResidualBlock>> blocks_;
  std::unique_ptr<Downsample> downsample_;
};

class Encoder : public nn::Module {
 public:
  Encoder(nn::Module& parent, const Wan22VaeConfig& config);
  // x: the film's first frame alone, later 4n frames; [B, F, 8h, 8w, 12] -> [B, 1 or n, h, w, 96]
  Tensor forward(const Tensor& x, Stream& stream, const nn::RunContext& run) const;

 private:
  CausalConv conv1_;
  std::vector<std::unique_ptr<DownStage>> downsamples_;
  Middle middle_;
  Head head_;
};

}  // namespace phonofilm::autoencoders::wan22
