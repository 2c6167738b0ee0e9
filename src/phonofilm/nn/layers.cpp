#include "phonofilm/nn/layers.h"

#include "phonofilm/nn/composite.h"
#include "phonofilm/nn/fused.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nn {
namespace {

c10::optional<Tensor> cast(const Tensor* tensor, at::ScalarType dtype) {
  return tensor == nullptr ? c10::nullopt : c10::optional<Tensor>(tensor->to(dtype));
}

}  // namespace

Linear::Linear(Module& parent, const std::string& name, std::int64_t in, std::int64_t out, Bias bias, Init init)
    : Module(parent, name),
      weight_(parameter("weight", {out, in}, std::move(init))),
      scale_(scale_of_last()),
      change_(change_of_last()),
      bias_(bias == Bias::yes ? &parameter("bias", {out}, init::zeros()) : nullptr) {}

Tensor Linear::forward(const Tensor& x, const RunContext& run) const {
  const Tensor input = x.to(run.dtype);
  const auto bias = cast(bias_, run.dtype);
  const Tensor y = has_eight_bits(weight_) ? eight_bit_linear(input, {weight_, scale_}, bias)
                                           : at::linear(input, weight_.to(run.dtype), bias);
  if (change_.down == nullptr) return y;
  return y + at::linear(at::linear(input, change_.down->to(run.dtype)), change_.up->to(run.dtype));
}

Conv1d::Conv1d(Module& parent, const std::string& name, std::int64_t in, std::int64_t out, Options options)
    : Module(parent, name),
      options_(options),
      weight_(parameter("weight", {out, in / options.groups, options.kernel}, options.init)),
      bias_(options.bias == Bias::yes ? &parameter("bias", {out}, init::zeros()) : nullptr) {}

Tensor Conv1d::forward(const Tensor& x, const RunContext& run) const {
  return at::conv1d(x.to(run.dtype), weight_.to(run.dtype), cast(bias_, run.dtype), options_.stride, options_.padding,
                    /*dilation=*/1, options_.groups);
}

LayerNorm::LayerNorm(Module& parent, const std::string& name, std::int64_t width, double eps)
    : Module(parent, name),
      eps_(eps),
      weight_(parameter("weight", {width}, init::ones())),
      bias_(parameter("bias", {width}, init::zeros())) {}

Tensor LayerNorm::forward(const Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight_.to(x.scalar_type()), bias_.to(x.scalar_type()), eps_);
}

Tensor layer_norm(const Tensor& x, double eps) { return at::layer_norm(x, {x.size(-1)}, {}, {}, eps); }

RmsNorm::RmsNorm(Module& parent, const std::string& name, std::int64_t width, double eps)
    : Module(parent, name), eps_(eps), weight_(parameter("weight", {width}, init::ones())) {}

Tensor RmsNorm::forward(const Tensor& x) const {
  const Tensor wide = x.to(at::kFloat);
  const Tensor scale = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps_);
  return (wide * scale * weight_.to(at::kFloat)).to(x.scalar_type());
}

Embedding::Embedding(Module& parent, const std::string& name, std::int64_t count, std::int64_t width, double std)
    : Module(parent, name), weight_(parameter("weight", {count, width}, init::normal(std))) {}

Tensor Embedding::forward(const Tensor& indices) const { return at::embedding(weight_, indices); }

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const RunContext& run) {
  if (run.attention != AttentionBackend::explicit_) return at::scaled_dot_product_attention(q, k, v);
  const bool fast = fused::accepts(q) && q.scalar_type() == at::kBFloat16;
  return fast ? fused::attention(q, k, v) : composite::attention(q, k, v);
}

}  // namespace phonofilm::nn
