#include "phonofilm/vocoders/bigvgan/weight_norm.h"

#include <array>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::vocoders {

using nn::RunContext;

namespace {

using Spelling = std::array<const char*, 2>;  // later, earlier
constexpr std::array<Spelling, 2> kSpellings = {{{".parametrizations.weight.original0", ".weight_g"},
                                                 {".parametrizations.weight.original1", ".weight_v"}}};

std::string earlier_spelling(const std::string& name) {
  for (const auto& [later, earlier] : kSpellings) {
    if (name.ends_with(later)) return name.substr(0, name.size() - std::string_view(later).size()) + earlier;
  }
  return name;
}

// float32: a norm over thousands of bfloat16 squares would scale whole channels.
Tensor normed_weight(const Tensor& g, const Tensor& v) {
  const Tensor wide = v.to(at::kFloat);
  const Tensor norm = at::norm(wide.flatten(1), 2, 1).view({-1, 1, 1});
  return wide * (g.to(at::kFloat) / norm);
}

}  // namespace

std::map<std::string, Tensor> with_weight_norm_names(const std::map<std::string, Tensor>& tensors) {
  std::map<std::string, Tensor> result;
  for (const auto& [name, tensor] : tensors) {
    const std::string earlier = earlier_spelling(name);
    result.emplace(tensors.contains(earlier) ? name : earlier, tensor);
  }
  return result;
}

WeightNormed::WeightNormed(nn::Module& parent, const std::string& name, const Shape& weight, std::int64_t out,
                           WeightNormedLayers& all)
    : Module(parent, name),
      g_(parameter("weight_g", {weight[0], 1, 1}, nn::init::ones())),
      v_(parameter("weight_v", weight, nn::init::normal(0.01))),
      bias_(parameter("bias", {out}, nn::init::zeros())) {
  all.push_back(this);
}

void WeightNormed::fold(at::ScalarType dtype) {
  const at::NoGradGuard constant;
  folded_ = normed_weight(g_, v_).to(dtype);
  folded_g_ = g_;
  folded_v_ = v_;
}

Tensor WeightNormed::weight(const RunContext& run) const {
  const bool same = folded_.defined() && folded_g_.is_same(g_) && folded_v_.is_same(v_);
  const bool current = same && !g_.requires_grad() && !v_.requires_grad();
  return (current ? folded_ : normed_weight(g_, v_)).to(run.dtype);
}

WeightNormConv1d::WeightNormConv1d(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out,
                                   std::int64_t kernel, std::int64_t dilation, WeightNormedLayers& all)
    : WeightNormed(parent, name, {out, in, kernel}, out, all),
      padding_(dilation * (kernel - 1) / 2),
      dilation_(dilation) {}

Tensor WeightNormConv1d::forward(const Tensor& x, const RunContext& run) const {
  return at::conv1d(x.to(run.dtype), weight(run), bias(run), /*stride=*/1, padding_, dilation_).to(at::kFloat);
}

WeightNormConvTranspose1d::WeightNormConvTranspose1d(nn::Module& parent, const std::string& name, std::int64_t in,
                                                     std::int64_t out, std::int64_t kernel, std::int64_t stride,
                                                     WeightNormedLayers& all)
    : WeightNormed(parent, name, {in, out, kernel}, out, all), stride_(stride), padding_((kernel - stride) / 2) {}

Tensor WeightNormConvTranspose1d::forward(const Tensor& x, const RunContext& run) const {
  return at::conv_transpose1d(x.to(run.dtype), weight(run), bias(run), stride_, padding_).to(at::kFloat);
}

}  // namespace phonofilm::vocoders
