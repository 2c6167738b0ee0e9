// What enters and leaves the transformer: latents to tokens, timesteps to modulation, text and voices to context
// rows, tokens to velocities. Leaf modules, in the order in which a forward pass meets them.
//
// Classes that derive from Module have a name of their own in the checkpoint; the others register their layers
// with the parent, because the published names have no level for them.
#pragma once

#include <optional>

#include "phonofilm/families/nava/config.h"
#include "phonofilm/families/nava/token_layout.h"
#include "phonofilm/nn/layers.h"

namespace phonofilm::nava {

// "patch_embedding": a convolution whose stride is its kernel, computed as a product over patches.
class VideoEmbedding : public nn::Module {
 public:
  VideoEmbedding(nn::Module& parent, const std::string& name, const NavaConfig& config);
  Tensor forward(const Tensor& patches, const nn::RunContext& run) const;  // [B, L, C * ph * pw] -> [B, L, D]

 private:
  Tensor &weight_, &bias_;  // [D, C, 1, ph, pw], [D]
};

// "patch_embedding_audio": convolution, SiLU, then a gated convolutional MLP; one token per latent frame.
class AudioEmbedding {
 public:
  AudioEmbedding(nn::Module& parent, const std::string& name, const NavaConfig& config);
  Tensor forward(const Tensor& audio, const nn::RunContext& run) const;  // [B, C, T] -> [B, T, D]

 private:
  nn::Conv1d input_, gate_, up_, down_;
};

// "position_embedding", small models only: learned vectors for places in the picture and for the first latent frame.
class PositionEmbedding : public nn::Module {
 public:
  PositionEmbedding(nn::Module& parent, const std::string& name, const NavaConfig& config);
  Tensor forward(const TokenLayout& layout) const;  // [F * h * w, D]; bilinear where the grid is another

 private:
  Tensor &grid_, &first_frame_;  // [D, rows, columns], [D]
};

// Timestep rows as blocks use them: `e` feeds the heads, `e0` the six modulation vectors of every block.
struct TimeRows {
  Tensor e;   // [B, R, D] float32
  Tensor e0;  // [B, R, 6, D] float32
};

// "time_embedding" and "time_projection". Runs in float32 whatever the RunContext says: it is a handful of rows,
// and timesteps up to 1000 in bfloat16 would only be good to 4.
class TimeEmbedding {
 public:
  TimeEmbedding(nn::Module& parent, const NavaConfig& config);
  TimeRows forward(const Tensor& timesteps) const;  // [B, R] of 0..1000

 private:
  std::int64_t freq_dim_;
  nn::Linear input_, output_, projection_;
};

// "text_embedding": rows of the text encoder to context rows. Padding rows go through it as well (see PreparedContext).
class TextEmbedding {
 public:
  TextEmbedding(nn::Module& parent, const NavaConfig& config);
  Tensor forward(const Tensor& rows, const nn::RunContext& run) const;  // [B, text_len, text_dim] -> [B, text_len, D]

 private:
  nn::Linear input_, output_;
};

// "speaker_embedding": voices to context rows. An all-zero embedding (no reference) becomes the learned null token.
class SpeakerEmbedding : public nn::Module {
 public:
  SpeakerEmbedding(nn::Module& parent, const std::string& name, const NavaConfig& config);
  Tensor forward(const Tensor& voices) const;  // [V, spk_dim] -> [V, D] float32, computed in float32

 private:
  Tensor& null_token_;  // [1, D]
  nn::LayerNorm input_norm_;
  nn::Linear input_, output_;
  nn::LayerNorm output_norm_;
};

// "head" and "head_audio": a modulated norm and a projection to velocity rows.
class Head : public nn::Module {
 public:
  Head(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t out, nn::Init init);
  // x: [B, L, D]; e: TimeRows::e -> [B, L, out] float32
  Tensor forward(const Tensor& x, const Tensor& e, const Tensor& row_of_token, const nn::RunContext& run) const;

 private:
  nn::Linear head_;
  Tensor& modulation_;  // [1, 2, D]: shift, scale
};

}  // namespace phonofilm::nava
