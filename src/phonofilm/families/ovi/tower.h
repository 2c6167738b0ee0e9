// One of Ovi's twin towers: embeddings, blocks and head for one modality. OviTransformer runs both side by side.
#pragma once

#include <memory>
#include <vector>

#include "phonofilm/dit/embeddings.h"
#include "phonofilm/dit/tower_block.h"
#include "phonofilm/families/ovi/config.h"

namespace phonofilm::ovi {

using dit::TextKeys;
using dit::TokenStream;
using dit::TowerBlock;

// What does not depend on the modality. Leaf towers add their patch embedding in front, as the published order has it.
class Tower : public nn::Module {
 public:
  const TowerConfig& config() const { return config_; }
  size_t depth() const { return blocks_.size(); }
  const TowerBlock& block(size_t index) const { return *blocks_[index]; }
  TowerBlock& block(size_t index) { return *blocks_[index]; }
  const dit::TimeEmbedding& time_embedding() const { return *time_embedding_; }

  // rows: [B, text_len, text_dim], zeros behind the valid rows -> context of the blocks' text keys [B, text_len, D].
  Tensor embed_text(const Tensor& rows, const nn::RunContext& run) const { return text_embedding_->forward(rows, run); }
  // tokens: [B, L, D] -> velocity rows [B, L, out] float32
  Tensor head(const Tensor& tokens, const Tensor& e, const Tensor& row_of_token, const nn::RunContext& run) const {
    return head_->forward(tokens, e, row_of_token, run);
  }

 protected:
  Tower(nn::Module& parent, const std::string& name, const TowerConfig& config);
  void add_layers(std::int64_t out_features);  // everything behind the patch embedding

 private:
  TowerConfig config_;
  std::unique_ptr<dit::TextEmbedding> text_embedding_;
  std::unique_ptr<dit::TimeEmbedding> time_embedding_;
  std::vector<std::unique_ptr<TowerBlock>> blocks_;
  std::unique_ptr<dit::Head> head_;
};

class VideoTower : public Tower {
 public:
  VideoTower(nn::Module& parent, const std::string& name, const TowerConfig& config);
  Tensor embed(const Tensor& patches, const nn::RunContext& run) const { return patch_embedding_.forward(patches, run); }

 private:
  dit::VideoEmbedding patch_embedding_;
};

class AudioTower : public Tower {
 public:
  AudioTower(nn::Module& parent, const std::string& name, const TowerConfig& config);
  Tensor embed(const Tensor& audio, const nn::RunContext& run) const { return patch_embedding_.forward(audio, run); }

 private:
  dit::AudioEmbedding patch_embedding_;
};

}  // namespace phonofilm::ovi
