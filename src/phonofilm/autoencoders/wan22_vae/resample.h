// Changes of resolution in Wan 2.2's video autoencoder: learned ones, the parameter-free shortcuts beside them (in the
// manner of DC-AE, Chen et al. 2024, arXiv 2410.10733), and the folding of pixels into channels.
//
// Activations are [B, F, H, W, C]. The film's first frame stands for itself alone: it is neither merged with later
// frames nor doubled.
#pragma once

#include <memory>

#include "phonofilm/autoencoders/wan22_vae/convolution.h"

namespace phonofilm::autoencoders::wan22 {

enum class Time { kept, changed };

// [B, 3, F, 2H, 2W] <-> [B, F, H, W, 12], channel c * 4 + column offset * 2 + row offset.
Tensor fold_pixels(const Tensor& video);
Tensor unfold_pixels(const Tensor& folded);

// Half the rows and columns, and frames after the film's first where time changes (their number must be even).
class Downsample : public nn::Module {
 public:
  Downsample(nn::Module& parent, const std::string& name, std::int64_t width, Time time);
  Tensor forward(const Tensor& x, Stream& stream, const nn::RunContext& run) const;

 private:
  FrameConv resample_;
  std::unique_ptr<CausalConv> time_conv_;
};

// Twice the rows and columns, and frames after the film's first where time changes.
class Upsample : public nn::Module {
 public:
  Upsample(nn::Module& parent, const std::string& name, std::int64_t width, Time time);
  Tensor forward(const Tensor& x, Stream& stream, const nn::RunContext& run) const;

 private:
  FrameConv resample_;
  std::unique_ptr<CausalConv> time_conv_;
};

// y + the means of x's blocks. A block of 2 x 2 positions (and 2 frames; before a film's first stands a black one)
// becomes channels (c, dt, dh, dw), of which neighbours are averaged until as many are left as y has.
Tensor add_block_means(const Tensor& y, const Tensor& x, Time time);

// y + x spread over blocks: x's channels repeated until they can be laid out as (c, dt, dh, dw) for y's channels c.
Tensor add_spread(const Tensor& y, const Tensor& x, Time time, const Stream& stream);

}  // namespace phonofilm::autoencoders::wan22
