// Where tokens stand: the grid of video tokens, their RoPE angles beside those of the audio tokens, and which tokens
// are held clean. Depends on shapes only.
#pragma once

#include <array>

#include "phonofilm/diffusion/held.h"
#include "phonofilm/diffusion/joint_latent.h"
#include "phonofilm/nn/rope.h"

namespace phonofilm::dit {

// Wan's rule for the rotated pairs of a head of `head_dim` channels: a third each for height and width, rounded down,
// the rest for time. 22, 21, 21 for a head of 128.
std::array<std::int64_t, 3> wan_rope_pairs(std::int64_t head_dim);

// How latents become tokens and where those stand for RoPE.
struct LayoutOptions {
  std::array<std::int64_t, 2> patch{2, 2};   // latent rows and columns per video token
  std::array<std::int64_t, 3> rope_pairs{};  // rotated pairs per head for time, height, width; sound is turned by time alone
  // Audio token p stands at time p * audio_scale, video latent frame f at f * video_scale.
  double video_scale = 1, audio_scale = 1;
  double theta_time = 10000;
};

// A sequence of tokens as blocks see it. The joint sequence is always [video tokens; audio tokens].
struct TokenStream {
  std::int64_t tokens = 0;  // 0: the modality is absent
  nn::RopeTable rope;       // of these tokens
  Tensor row_of_token;      // int32 [tokens]: 0 the sample's timestep, 1 clean (t = 0); undefined: all 0
};

struct TokenLayout {
  std::int64_t frames = 0, rows = 0, columns = 0;  // grid of video tokens
  std::int64_t latent_rows = 0, latent_columns = 0;  // of the video latent before padding to whole patches
  diffusion::Held held;
  TokenStream video, audio, joint;
};

// held: what of the latent is given; its tokens get t = 0. Of a modality that is absent nothing may be held.
TokenLayout make_layout(const diffusion::JointLatent& latent, const diffusion::Held& held, const LayoutOptions& options);

// Whether a layout is that of latents of this shape.
bool fits(const TokenLayout& layout, const diffusion::JointLatent& latent, const diffusion::Held& held);

// [B, C, F, H, W] -> [B, F * h * w, C * ph * pw], tokens in the order frame, row, column; H and W that are not whole
// patches are padded with zeros at the bottom and right.
Tensor patchify(const Tensor& video, const TokenLayout& layout, const LayoutOptions& options);
// The head's rows [B, F * h * w, ph * pw * C] (channel fastest) -> [B, C, F, H, W], without the padding.
Tensor unpatchify(const Tensor& tokens, const TokenLayout& layout, const LayoutOptions& options);

}  // namespace phonofilm::dit
