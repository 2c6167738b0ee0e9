// Sizes of Wan 2.2's video autoencoder ("Wan2.2-VAE", Wan Team 2025, arXiv 2503.20314). The defaults are the published
// ones: 704,688,668 parameters in 196 tensors.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "phonofilm/base/fields.h"

namespace phonofilm::autoencoders {

// What the design fixes: 4n + 1 pictures of 16h x 16w pixels are n + 1 latent frames of h x w positions.
inline constexpr std::int64_t kWan22LatentChannels = 48;
inline constexpr std::int64_t kWan22SpaceStride = 16;  // pixels folded in pairs, then three halvings
inline constexpr std::int64_t kWan22TimeStride = 4;    // two halvings, in the second and third stage

struct Wan22VaeConfig {
  std::int64_t dim = 160;                             // channels of the encoder at full resolution
  std::int64_t dec_dim = 256;                         // channels of the decoder at full resolution
  std::vector<std::int64_t> dim_mult = {1, 2, 4, 4};  // widening of the four stages, from the pixels inwards
  std::int64_t num_res_blocks = 2;                    // per stage of the encoder; the decoder has one more
  Fields fields();

  // Channels before the first stage and after each one, in the order in which they run.
  std::vector<std::int64_t> encoder_widths() const;  // 160, 160, 320, 640, 640
  std::vector<std::int64_t> decoder_widths() const;  // 1024, 1024, 1024, 512, 256
  // Throws InvalidRequest for sizes that the parameter-free shortcuts cannot bridge.
  void validate(std::string_view where) const;
};

// Reads the publisher's constructor arguments as JSON: the fields above and those that the design fixes (z_dim,
// temperal_downsample in the publisher's spelling, attn_scales, dropout), which must have their published values.
Wan22VaeConfig read_wan22_vae_config(const nlohmann::json& object, std::string_view where);

// Floating-point operations (two per multiply-add) of the convolutions that decode `frames` latent frames of h x w
// positions; attention in the middle and norms are below one percent.
double wan22_decode_flop(const Wan22VaeConfig& config, std::int64_t frames, std::int64_t h, std::int64_t w);

}  // namespace phonofilm::autoencoders
