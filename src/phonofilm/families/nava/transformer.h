// NAVA's backbone (Native Audio-Visual Alignment, arXiv 2605.30073): one transformer that predicts the velocities of
// a video latent and an audio latent together. Registered names are the published ones after "backbone.".
//
// Numerics: matrix products run in RunContext::dtype. The residual stream, norms, RoPE, modulation, time and speaker
// embeddings and the returned velocities are float32 in every mode; with float32 everything is.
#pragma once

#include <memory>
#include <vector>

#include "phonofilm/diffusion/joint_latent.h"
#include "phonofilm/families/nava/blocks.h"
#include "phonofilm/dit/embeddings.h"
#include "phonofilm/families/nava/config.h"
#include "phonofilm/families/nava/embeddings.h"
#include "phonofilm/nn/block_runner.h"

namespace phonofilm::nava {

// The voices of one sample ("Timbre-in-Context"): embedding i replaces context row positions[i], the row of the
// sentinel token behind the i-th <S>, or is added to it (NavaConfig::bind_voices). An all-zero embedding means no reference. Surplus embeddings are dropped; a
// single one serves all positions; otherwise fewer embeddings than positions are an error.
struct Voices {
  Tensor embeddings;                    // [V, spk_dim], or undefined
  std::vector<std::int64_t> positions;  // empty: nothing is inserted
};

// What text and voices contribute, computed once per clip (or per training step) and used at every timestep.
// Padding rows are attended, as in the published models: they act as a learned sink.
struct PreparedContext {
  Tensor context;                          // [B, text_len, D] after speaker insertion, run.dtype
  std::vector<AlignmentBlock::Text> doubles;  // per double block
  std::vector<TextKeys> singles;           // per single block

  // Those of `count` samples from `first` on, as views.
  PreparedContext samples(std::int64_t first, std::int64_t count) const;
};

// All samples of a batch have equal shapes; callers split ragged batches. Either modality may be absent.
struct NavaInputs {
  diffusion::JointLatent latent{};           // video [B, C, F, H, W], audio [B, C, T]; odd H and W are fine
  Tensor timestep{};                         // [B] float32, 0..1000: one for both modalities
  const PreparedContext* context = nullptr;  // of the same batch
  bool mask_modality = false;                // no attention between video and audio
  std::int64_t skip_block = -1;              // passed by, counted through double and single blocks; -1: none
  diffusion::Held held{};                    // what of the latent is given: its tokens get t = 0
  // Where tokens stand, if it is known from an earlier pass of this shape (NavaTransformer::layout); null: worked out anew.
  const TokenLayout* layout = nullptr;
};

class NavaTransformer : public nn::Module {
 public:
  explicit NavaTransformer(const NavaConfig& config);  // registers parameters, allocates none

  const NavaConfig& config() const { return config_; }
  const dit::TimeEmbedding& time_embedding() const { return time_embedding_; }
  const SpeakerEmbedding& speaker_embedding() const;  // throws InvalidRequest for a model without voices

  // rows: [B, text_len, text_dim] of the text encoder, zeros behind the valid tokens; voices: empty, or one per sample.
  PreparedContext prepare_context(const Tensor& rows, const std::vector<Voices>& voices, const nn::RunContext& run,
                                  const nn::BlockRunner& runner = nn::PlainRunner()) const;

  TokenLayout layout(const diffusion::JointLatent& latent, const diffusion::Held& held) const {
    return dit::make_layout(latent, held, config_.layout());
  }
  // For runners that stream weights: double blocks, then single blocks.
  nn::BlockModules blocks();

  // Velocities (noise - data), float32, in the layout of the latents. Differentiable in latents, context and weights.
  diffusion::JointLatent forward(const NavaInputs& inputs, const nn::RunContext& run,
                                 const nn::BlockRunner& runner = nn::PlainRunner()) const;

 private:
  Tensor insert_voices(const Tensor& context, const std::vector<Voices>& voices) const;
  void check(const NavaInputs& inputs) const;
  nn::BlockState embed(const diffusion::JointLatent& latent, const TokenLayout& layout,
                       const nn::RunContext& run) const;
  Tensor run_blocks(nn::BlockState state, const NavaInputs& inputs, std::shared_ptr<const BlockInputs> in,
                    const nn::RunContext& run, const nn::BlockRunner& runner) const;

  NavaConfig config_;
  dit::VideoEmbedding patch_embedding_;
  dit::AudioEmbedding patch_embedding_audio_;
  std::unique_ptr<PositionEmbedding> position_embedding_;
  dit::TextEmbedding text_embedding_;
  dit::TimeEmbedding time_embedding_;
  std::unique_ptr<SpeakerEmbedding> speaker_embedding_;
  std::vector<std::unique_ptr<AlignmentBlock>> double_blocks_;
  std::vector<std::unique_ptr<SingleBlock>> single_blocks_;
  std::unique_ptr<dit::Head> head_, head_audio_;
};

}  // namespace phonofilm::nava
