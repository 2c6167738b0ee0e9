#include "phonofilm/families/nava/embeddings.h"

#include <cmath>

#include "phonofilm/nn/activation.h"
#include "phonofilm/nn/modulation.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nava {
namespace {

constexpr double kEmbeddingStd = 0.02;
constexpr double kSpeakerEps = 1e-5;      // of the speaker embedding's two norms
constexpr double kSilentVoice = 1e-6;     // squared length up to which a voice counts as absent

nn::Conv1d::Options same_convolution(const NavaConfig& config, nn::Bias bias) {
  return {.kernel = config.audio_embed_kernel, .padding = config.audio_embed_kernel / 2, .bias = bias};
}

// [cos | sin] of t * 10000^(-i / half), angles in float64: [..., width].
Tensor sinusoid(const Tensor& timesteps, std::int64_t width) {
  const std::int64_t half = width / 2;
  const auto wide = timesteps.options().dtype(at::kDouble);
  const Tensor frequency = (at::arange(half, wide) * (-std::log(10000.0) / double(half))).exp();
  const Tensor angle = timesteps.to(at::kDouble).unsqueeze(-1) * frequency;
  return at::cat({angle.cos(), angle.sin()}, -1).to(at::kFloat);
}

}  // namespace

VideoEmbedding::VideoEmbedding(nn::Module& parent, const std::string& name, const NavaConfig& c)
    : Module(parent, name),
      weight_(parameter("weight", {c.dim, c.vid_in_dim, c.patch_size[0], c.patch_size[1], c.patch_size[2]},
                        nn::init::xavier_uniform())),
      bias_(parameter("bias", {c.dim}, nn::init::zeros())) {}

Tensor VideoEmbedding::forward(const Tensor& patches, const nn::RunContext& run) const {
  return at::linear(patches.to(run.dtype), weight_.flatten(1).to(run.dtype), bias_.to(run.dtype));
}

AudioEmbedding::AudioEmbedding(nn::Module& parent, const std::string& name, const NavaConfig& c)
    : input_(parent, name + ".0", c.audio_in_dim, c.dim, same_convolution(c, nn::Bias::yes)),
      gate_(parent, name + ".2.w1", c.dim, c.audio_hidden(), same_convolution(c, nn::Bias::no)),
      up_(parent, name + ".2.w3", c.dim, c.audio_hidden(), same_convolution(c, nn::Bias::no)),
      down_(parent, name + ".2.w2", c.audio_hidden(), c.dim, same_convolution(c, nn::Bias::no)) {}

Tensor AudioEmbedding::forward(const Tensor& audio, const nn::RunContext& run) const {
  const Tensor x = at::silu(input_.forward(audio, run));
  return down_.forward(at::silu(gate_.forward(x, run)) * up_.forward(x, run), run).transpose(1, 2);
}

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

TimeEmbedding::TimeEmbedding(nn::Module& parent, const NavaConfig& c)
    : freq_dim_(c.freq_dim),
      input_(parent, "time_embedding.0", c.freq_dim, c.dim, nn::Bias::yes, nn::init::normal(kEmbeddingStd)),
      output_(parent, "time_embedding.2", c.dim, c.dim, nn::Bias::yes, nn::init::normal(kEmbeddingStd)),
      projection_(parent, "time_projection.1", c.dim, 6 * c.dim) {}

TimeRows TimeEmbedding::forward(const Tensor& timesteps) const {
  const nn::RunContext float32;
  const Tensor e = output_.forward(at::silu(input_.forward(sinusoid(timesteps, freq_dim_), float32)), float32);
  return {e, projection_.forward(at::silu(e), float32).unflatten(-1, {6, e.size(-1)})};
}

namespace {
nn::Init text_init(const NavaConfig& c) {
  return c.xavier_text_embedding ? nn::init::xavier_uniform() : nn::init::normal(kEmbeddingStd);
}
}  // namespace

TextEmbedding::TextEmbedding(nn::Module& parent, const NavaConfig& c)
    : input_(parent, "text_embedding.0", c.text_dim, c.dim, nn::Bias::yes, text_init(c)),
      output_(parent, "text_embedding.2", c.dim, c.dim, nn::Bias::yes, text_init(c)) {}

Tensor TextEmbedding::forward(const Tensor& rows, const nn::RunContext& run) const {
  return output_.forward(nn::gelu_tanh(input_.forward(rows, run)), run);
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

Head::Head(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t out, nn::Init init)
    : Module(parent, name),
      head_(*this, "head", width, out, nn::Bias::yes, std::move(init)),
      modulation_(parameter("modulation", {1, 2, width}, nn::init::normal(1 / std::sqrt(double(width))))) {}

Tensor Head::forward(const Tensor& x, const Tensor& e, const Tensor& row_of_token, const nn::RunContext& run) const {
  const auto rows = (e.unsqueeze(2) + modulation_.to(at::kFloat).unsqueeze(1)).unbind(2);  // 2 of [B, R, D]
  return head_.forward(nn::modulated_norm(x, rows[0], rows[1], row_of_token, run.dtype), run).to(at::kFloat);
}

}  // namespace phonofilm::nava
