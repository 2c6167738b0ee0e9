// Ovi's backbone (Ovi: Twin Backbone Cross-Modal Fusion, arXiv 2510.01284): two towers of one shape, for picture and
// sound, that hear each other in every block. Registered names are the published ones.
//
// Numerics: matrix products run in RunContext::dtype. The residual streams, norms, RoPE, modulation, time embedding and
// the returned velocities are float32 in every mode; with float32 everything is.
#pragma once

#include <vector>

#include "phonofilm/diffusion/joint_latent.h"
#include "phonofilm/families/ovi/tower.h"
#include "phonofilm/nn/block_runner.h"

namespace phonofilm::ovi {

// What the text contributes, computed once per clip. Padding rows are attended, as in the published model.
struct PreparedContext {
  std::vector<TextKeys> video, audio;  // per block; a tower that is not used may have none
};

// All samples of a batch have equal shapes. Either modality may be absent: its tower then does not run.
struct OviInputs {
  diffusion::JointLatent latent{};            // video [B, C, F, H, W], audio [B, C, T]
  Tensor timestep{};                          // [B] float32, 0..1000: one for both modalities
  const PreparedContext* context = nullptr;   // of the same batch
  diffusion::Held held{};                     // what of the latent is given: its tokens get t = 0
  // Skip-layer guidance: the block that sample i passes by in both towers; empty or below 0: none.
  std::vector<std::int64_t> skip_block{};
  // Where tokens stand, if it is known from an earlier pass of this shape (OviTransformer::layout); null: worked out anew.
  const dit::TokenLayout* layout = nullptr;
};

class OviTransformer : public nn::Module {
 public:
  explicit OviTransformer(const OviConfig& config);  // registers parameters, allocates none

  const OviConfig& config() const { return config_; }

  // Rows of the text encoder, zeros behind the valid ones, [B, text_len, text_dim]; the towers may be given different
  // texts; undefined for a tower that is not used. The runner is asked for the weights of each block, the state it hands on
  // are the embedded texts.
  PreparedContext prepare_context(const Tensor& video_rows, const Tensor& audio_rows, const nn::RunContext& run,
                                  const nn::BlockRunner& runner = nn::PlainRunner()) const;

  // RoPE tables and token grid of a latent's shape, which stay the same for all steps of a clip.
  dit::TokenLayout layout(const diffusion::JointLatent& latent, const diffusion::Held& held) const {
    return dit::make_layout(latent, held, config_.layout());
  }

  // Velocities (noise - data), float32, in the layout of the latents. Differentiable in latents, context and weights.
  diffusion::JointLatent forward(const OviInputs& inputs, const nn::RunContext& run,
                                 const nn::BlockRunner& runner = nn::PlainRunner()) const;

  // The modules of each block, one of either tower, for runners that move their weights.
  nn::BlockModules blocks();

 private:
  struct Pass;  // what all blocks of a forward pass share
  void check(const OviInputs& inputs) const;
  nn::BlockState embed(const OviInputs& inputs, const dit::TokenLayout& layout, const nn::RunContext& run) const;
  nn::BlockState run_block(size_t index, const nn::BlockState& state, const Pass& pass) const;

  OviConfig config_;
  VideoTower video_model_{*this, "video_model", config_.video};
  AudioTower audio_model_{*this, "audio_model", config_.audio};
};

}  // namespace phonofilm::ovi
