#include "phonofilm/families/nava/embeddings.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm::nava {
namespace {

constexpr double kEmbeddingStd = 0.02;
constexpr double kSpeakerEps = 1e-5;      // of the speaker embedding's two norms
constexpr double kSilentVoice = 1e-6;     // squared length up to which a voice counts as absent

}  // namespace

PositionEmbedding::PositionEmbedding(nn::Module& parent, const std::string& name, const NavaConfig& c)
    : Module(parent, name),
      grid_(parameter("grid", {c.dim, c.position_grid[0], c.position_grid[1]}, nn::init::normal(kEmbeddingStd))),
      first_frame_(parameter("first_frame", {c.dim}, nn::init::normal(kEmbeddingStd))) {}

Tensor PositionEmbedding::forward(const TokenLayout& l) const {
  Tensor grid = grid_.to(at::kFloat).unsqueeze(0);
  if (grid.size(2) != l.rows || grid.size(3) != l.columns) {
    grid = at::upsample_bilinear2d(grid, {l.rows, l.columns}, /*align_corners=*/false);
  }
  const Tensor places = grid.flatten(2).transpose(1, 2);  // [1, h * w, D]
  const Tensor first = places + first_frame_.to(at::kFloat);
  return at::cat({first, places.expand({l.frames - 1, -1, -1})}).flatten(0, 1);
}

SpeakerEmbedding::SpeakerEmbedding(nn::Module& parent, const std::string& name, const NavaConfig& c)
    : Module(parent, name),
      null_token_(parameter("null_token", {1, c.dim}, nn::init::zeros())),
      input_norm_(*this, "net.0", c.spk_dim, kSpeakerEps),
      input_(*this, "net.1", c.spk_dim, c.dim),
      output_(*this, "net.3", c.dim, c.dim),
      output_norm_(*this, "out_norm", c.dim, kSpeakerEps) {}

Tensor SpeakerEmbedding::forward(const Tensor& voices) const {
  const nn::RunContext float32;
  const Tensor wide = voices.to(at::kFloat);
  const Tensor hidden = at::silu(input_.forward(input_norm_.forward(wide), float32));
  const Tensor tokens = output_norm_.forward(output_.forward(hidden, float32));
  const Tensor silent = wide.square().sum(-1, /*keepdim=*/true) <= kSilentVoice;
  return at::where(silent, null_token_.to(at::kFloat), tokens);
}

}  // namespace phonofilm::nava
