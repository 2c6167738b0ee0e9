// The decoder of Wan 2.2's video autoencoder: latents to folded pixels.
#pragma once

#include <memory>
#include <vector>

#include "phonofilm/autoencoders/wan22_vae/blocks.h"
#include "phonofilm/autoencoders/wan22_vae/config.h"
#include "phonofilm/autoencoders/wan22_vae/resample.h"

namespace phonofilm::autoencoders::wan22 {

// Residual blocks, then a change of resolution and what came in spread and added; the last stage has neither.
class UpStage : public nn::Module {
 public:
  struct Shape {
    std::int64_t in, out, blocks;
    bool last;
    Time time;
  };
  UpStage(nn::Module& parent, const std::string& name, const Shape& shape);
  Tensor forward(const Tensor& x, Stream& stream, const nn::RunContext& run) const;

 private:
  Shape shape_;
  std::vector<std::unique_ptr<ResidualBlock>> blocks_;
  std::unique_ptr<Upsample> upsample_;
};

class Decoder : public nn::Module {
 public:
  Decoder(nn::Module& parent, const Wan22VaeConfig& config);
  // x: the film's first latent frame alone, later n of them; [B, F, h, w, 48] -> [B, 1 or 4n, 8h, 8w, 12]
  Tensor forward(const Tensor& x, Stream& stream, const nn::RunContext& run) const;

 private:
  CausalConv conv1_;
  Middle middle_;
  std::vector<std::unique_ptr<UpStage>> upsamples_;
  Head head_;
};

}  // namespace phonofilm::autoencoders::wan22
