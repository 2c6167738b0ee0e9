// A small causal video autoencoder in the manner of Wan 2.2's (pixels folded into channels first, causal 3-D
// convolutions, parameter-free shortcuts around the change of resolution, after DC-AE, Chen et al. 2024): 4n + 1
// frames become n + 1 latent frames, and no latent frame sees a later picture.
//
// Inside, activations are [B, F, H, W, C] (channels last): on a CPU that is the fast layout of bfloat16 convolutions,
// and the channel norm is a plain layer norm over the last axis.
#pragma once

#include <memory>

#include "phonofilm/autoencoders/posterior.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/nn/layers.h"

namespace phonofilm::autoencoders {

struct VideoAutoencoderConfig {
  std::int64_t frame_patch = 4;      // pictures per latent frame; the first latent frame holds one picture
  std::int64_t pixel_patch = 6;      // pixels folded into channels per side; then one halving: stride 2 * pixel_patch
  std::int64_t outer_width = 96;     // channels at the folded resolution
  std::int64_t inner_width = 128;    // channels at the latent resolution
  std::int64_t encoder_blocks = 2, decoder_blocks = 2;              // at the latent resolution, with 3-tap time
  std::int64_t outer_encoder_blocks = 1, outer_decoder_blocks = 2;  // at the folded resolution
  std::int64_t latent_channels = 12;
  Fields fields();
  std::int64_t stride() const { return 2 * pixel_patch; }
  std::int64_t latent_frames(std::int64_t frames) const { return (frames - 1) / frame_patch + 1; }
};

// x [B, F, H, W, C] -> norm, SiLU, conv, norm, SiLU, conv, + x. The second convolution starts at zero.
class VideoResBlock : public nn::Module {
 public:
  // time_kernel 1 or 3; 3 looks back two latent frames.
  VideoResBlock(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t time_kernel);
  Tensor forward(const Tensor& x, const nn::RunContext& run) const;

 private:
  std::int64_t time_kernel_;
  nn::LayerNorm norm1_, norm2_;
  Tensor &conv1_weight_, &conv1_bias_, &conv2_weight_, &conv2_bias_;
};

class VideoAutoencoder : public nn::Module {
 public:
  // Declares the parameters; nothing is allocated before load() or initialise(). Throws InvalidRequest for a contradictory
  // config.
  explicit VideoAutoencoder(const VideoAutoencoderConfig& config);
  VideoAutoencoder(const VideoAutoencoderConfig& config, std::uint64_t seed) : VideoAutoencoder(config) { initialise(seed); }
  const VideoAutoencoderConfig& config() const { return config_; }

  // frames: [B, 3, F, H, W] in [-1, 1], F = 4n + 1, H and W multiples of stride() -> latents [B, C, n + 1, H', W'], float32
  Posterior encode(const Tensor& frames, const nn::RunContext& run) const;
  // latent: [B, C, n + 1, H', W'] -> frames [B, 3, 4n + 1, H, W], float32, not clamped
  Tensor decode(const Tensor& latent, const nn::RunContext& run) const;

 private:
  class Encoder;
  class Decoder;
  VideoAutoencoderConfig config_;
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Decoder> decoder_;

 public:
  ~VideoAutoencoder() override;
};

void save_video_autoencoder(const VideoAutoencoder& model, const std::string& folder);
// Throws CheckpointError if the folder is incomplete, damaged or holds something else.
std::unique_ptr<VideoAutoencoder> load_video_autoencoder(const std::string& folder, at::ScalarType dtype);

}  // namespace phonofilm::autoencoders
