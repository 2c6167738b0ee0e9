// What NAVA adds to the embeddings that joint transformers share (dit/embeddings.h): learned places, and voices.
#pragma once

#include "phonofilm/dit/token_layout.h"
#include "phonofilm/families/nava/config.h"
#include "phonofilm/nn/layers.h"

namespace phonofilm::nava {

using dit::TokenLayout;

// "position_embedding", small models only: learned vectors for places in the picture and for the first latent frame.
class PositionEmbedding : public nn::Module {
 public:
  PositionEmbedding(nn::Module& parent, const std::string& name, const NavaConfig& config);
  Tensor forward(const TokenLayout& layout) const;  // [F * h * w, D]; bilinear where the grid is another

 private:
  Tensor &grid_, &first_frame_;  // [D, rows, columns], [D]
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

}  // namespace phonofilm::nava
