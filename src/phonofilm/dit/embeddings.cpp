#include "phonofilm/dit/embeddings.h"

#include <cmath>

#include "phonofilm/nn/activation.h"
#include "phonofilm/nn/modulation.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::dit {
namespace {

constexpr double kEmbeddingStd = 0.02;

nn::Conv1d::Options same_convolution(std::int64_t kernel, nn::Bias bias) {
  return {.kernel = kernel, .padding = kernel / 2, .bias = bias};
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

VideoEmbedding::VideoEmbedding(nn::Module& parent, const std::string& name, std::int64_t channels,
                               const std::vector<std::int64_t>& patch, std::int64_t width)
    : Module(parent, name),
      weight_(parameter("weight", {width, channels, patch[0], patch[1], patch[2]}, nn::init::xavier_uniform())),
      bias_(parameter("bias", {width}, nn::init::zeros())) {}

Tensor VideoEmbedding::forward(const Tensor& patches, const nn::RunContext& run) const {
  return at::linear(patches.to(run.dtype), weight_.flatten(1).to(run.dtype), bias_.to(run.dtype));
}

AudioEmbedding::AudioEmbedding(nn::Module& parent, const std::string& name, const Options& o)
    : input_(parent, name + ".0", o.channels, o.width, same_convolution(o.kernel, nn::Bias::yes)),
      gate_(parent, name + ".2.w1", o.width, o.hidden_width(), same_convolution(o.kernel, nn::Bias::no)),
      up_(parent, name + ".2.w3", o.width, o.hidden_width(), same_convolution(o.kernel, nn::Bias::no)),
      down_(parent, name + ".2.w2", o.hidden_width(), o.width, same_convolution(o.kernel, nn::Bias::no)) {}

Tensor AudioEmbedding::forward(const Tensor& audio, const nn::RunContext& run) const {
  const Tensor x = at::silu(input_.forward(audio, run));
  return down_.forward(at::silu(gate_.forward(x, run)) * up_.forward(x, run), run).transpose(1, 2);
}

TimeEmbedding::TimeEmbedding(nn::Module& parent, std::int64_t freq_dim, std::int64_t width)
    : freq_dim_(freq_dim),
      input_(parent, "time_embedding.0", freq_dim, width, nn::Bias::yes, nn::init::normal(kEmbeddingStd)),
      output_(parent, "time_embedding.2", width, width, nn::Bias::yes, nn::init::normal(kEmbeddingStd)),
      projection_(parent, "time_projection.1", width, 6 * width) {}

TimeRows TimeEmbedding::forward(const Tensor& timesteps) const {
  const nn::RunContext float32;
  const Tensor e = output_.forward(at::silu(input_.forward(sinusoid(timesteps, freq_dim_), float32)), float32);
  return {e, projection_.forward(at::silu(e), float32).unflatten(-1, {6, e.size(-1)})};
}

Tensor timestep_rows(const Tensor& timestep, bool with_clean_row) {
  const Tensor own = timestep.to(at::kFloat).unsqueeze(1);
  return with_clean_row ? at::cat({own, at::zeros_like(own)}, 1) : own;
}

TextEmbedding::TextEmbedding(nn::Module& parent, std::int64_t text_dim, std::int64_t width, nn::Init init)
    : input_(parent, "text_embedding.0", text_dim, width, nn::Bias::yes, init),
      output_(parent, "text_embedding.2", width, width, nn::Bias::yes, init) {}

Tensor TextEmbedding::forward(const Tensor& rows, const nn::RunContext& run) const {
  return output_.forward(nn::gelu_tanh(input_.forward(rows, run)), run);
}

Head::Head(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t out, nn::Init init)
    : Module(parent, name),
      head_(*this, "head", width, out, nn::Bias::yes, std::move(init)),
      modulation_(parameter("modulation", {1, 2, width}, nn::init::normal(1 / std::sqrt(double(width))))) {}

Tensor Head::forward(const Tensor& x, const Tensor& e, const Tensor& row_of_token, const nn::RunContext& run) const {
  const auto rows = (e.unsqueeze(2) + modulation_.to(at::kFloat).unsqueeze(1)).unbind(2);  // 2 of [B, R, D]
  return head_.forward(nn::modulated_norm(x, rows[0], rows[1], row_of_token, run.dtype), run).to(at::kFloat);
}

}  // namespace phonofilm::dit
