#include "phonofilm/train/voice_describer.h"

#include <ATen/ops/cross_entropy_loss.h>

#include <algorithm>
#include <cmath>

#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::train {
namespace {

constexpr std::int64_t kNumbers = 4;

// Middles and deviations are those of world::made_voices(), rounded.
std::vector<float> label_of(const world::Voice& voice, const std::vector<std::string>& variants) {
  const auto throat = std::find(variants.begin(), variants.end(), voice.variant) - variants.begin();
  return {float(voice.pitch - 60) / 16, float(voice.range - 45) / 30, float(std::log(voice.rate / 160.0) / 0.18),
          float(std::log(voice.tract / 1.07) / 0.12), float(throat)};
}

Tensor squared_error(const Tensor& said, const Tensor& labels) {
  return (said.narrow(1, 0, kNumbers) - labels.narrow(1, 0, kNumbers)).square().mean();
}

}  // namespace

Tensor voice_labels(const std::vector<world::Voice>& voices) {
  const std::vector<std::string> variants = world::variants();
  std::vector<Tensor> rows;
  for (const world::Voice& voice : voices) rows.push_back(at::tensor(at::ArrayRef<float>(label_of(voice, variants))));
  return at::stack(rows);
}

VoiceDescriber::VoiceDescriber(std::int64_t width)
    : linear_(*this, "linear", width, kNumbers + std::int64_t(world::variants().size())) {}

Tensor VoiceDescriber::answers(const Tensor& embeddings, const Tensor& labels, const nn::RunContext& run) const {
  expect_shape(labels, {embeddings.size(0), kNumbers + 1}, "voice describer: labels");
  return linear_.forward(nn::layer_norm(embeddings), run).to(at::kFloat);
}

Tensor VoiceDescriber::loss(const Tensor& embeddings, const Tensor& labels, const nn::RunContext& run) const {
  const Tensor said = answers(embeddings, labels, run);
  const Tensor throats = said.narrow(1, kNumbers, said.size(1) - kNumbers);
  return squared_error(said, labels) + at::cross_entropy_loss(throats, labels.select(1, kNumbers).to(at::kLong));
}

double VoiceDescriber::error(const Tensor& embeddings, const Tensor& labels, const nn::RunContext& run) const {
  return std::sqrt(squared_error(answers(embeddings, labels, run), labels).item<double>());
}

}  // namespace phonofilm::train
