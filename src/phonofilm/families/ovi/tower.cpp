#include "phonofilm/families/ovi/tower.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::ovi {

Tower::Tower(nn::Module& parent, const std::string& name, const TowerConfig& config) : Module(parent, name), config_(config) {}

void Tower::add_layers(std::int64_t out_features) {
  const TowerConfig& c = config_;
  text_embedding_ = std::make_unique<dit::TextEmbedding>(*this, c.text_dim, c.dim, nn::init::normal(0.02));
  time_embedding_ = std::make_unique<dit::TimeEmbedding>(*this, c.freq_dim, c.dim);
  for (std::int64_t i = 0; i < c.num_layers; ++i) blocks_.push_back(std::make_unique<TowerBlock>(*this, concat("blocks.", i), c.block()));
  head_ = std::make_unique<dit::Head>(*this, "head", c.dim, out_features, nn::init::zeros());
}

VideoTower::VideoTower(nn::Module& parent, const std::string& name, const TowerConfig& c)
    : Tower(parent, name, c), patch_embedding_(*this, "patch_embedding", c.in_dim, c.patch_size, c.dim) {
  add_layers(c.patch_size[0] * c.patch_size[1] * c.patch_size[2] * c.out_dim);
}

AudioTower::AudioTower(nn::Module& parent, const std::string& name, const TowerConfig& c)
    : Tower(parent, name, c), patch_embedding_(*this, "patch_embedding", {.channels = c.in_dim, .width = c.dim}) {
  add_layers(c.out_dim);
}

}  // namespace phonofilm::ovi
