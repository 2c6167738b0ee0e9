#include "phonofilm/autoencoders/mmaudio_vae/mp_layers.h"

#include <cmath>

#include "phonofilm/nn/layers.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::autoencoders {

using nn::RunContext;

namespace {

constexpr double kEpsilon = 1e-4;
constexpr double kSiluMagnitude = 0.596;  // root mean square of SiLU(x) for x ~ N(0, 1)
constexpr double kBranchShare = 0.3;

}  // namespace

Tensor pixel_norm(const Tensor& x) {
  const Tensor norm = at::norm(x, 2, 1, /*keepdim=*/true);  // float32: a sum of up to 1536 squares
  return x / (norm / std::sqrt(double(x.size(1))) + kEpsilon);
}

Tensor mp_silu(const Tensor& x) { return at::silu(x) / kSiluMagnitude; }

Tensor mp_sum(const Tensor& x, const Tensor& branch) {
  constexpr double kKept = 1 - kBranchShare;
  return (x * kKept + branch * kBranchShare) / std::sqrt(kKept * kKept + kBranchShare * kBranchShare);
}

Tensor mp_weight(const Tensor& published) {
  const Tensor wide = published.to(at::kFloat);  // bfloat16 statistics would scale whole channels by up to 0.4 %
  const double root = std::sqrt(double(published.size(1) * published.size(2)));
  const Tensor norm = at::norm(wide.flatten(1), 2, 1).view({-1, 1, 1});
  return wide / (norm / root + kEpsilon) / root;
}

MpConv1d::MpConv1d(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
                   MpConvs& all)
    : Module(parent, name), weight_(parameter("weight", {out, in, kernel}, nn::init::normal(1))) {
  all.push_back(this);
}

void MpConv1d::fold(at::ScalarType dtype) {
  const at::NoGradGuard constant;
  folded_ = mp_weight(weight_).to(dtype);
  folded_from_ = weight_;
}

Tensor MpConv1d::weight(const RunContext& run) const {
  const bool current = folded_.defined() && folded_from_.is_same(weight_) && !weight_.requires_grad();
  return (current ? folded_ : mp_weight(weight_)).to(run.dtype);
}

Tensor MpConv1d::forward(const Tensor& x, const RunContext& run) const {
  const Tensor w = weight(run);
  return at::conv1d(x.to(run.dtype), w, {}, /*stride=*/1, /*padding=*/w.size(2) / 2).to(at::kFloat);
}

Tensor MpConv1d::forward(const Tensor& x, const Tensor& gain, const RunContext& run) const {
  const Tensor w = weight(run) * gain.to(run.dtype);
  return at::conv1d(x.to(run.dtype), w, {}, /*stride=*/1, /*padding=*/w.size(2) / 2).to(at::kFloat);
}

MpResBlock::MpResBlock(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, MpConvs& all)
    : Module(parent, name),
      conv1_(*this, "conv1", in, out, /*kernel=*/3, all),
      conv2_(*this, "conv2", out, out, /*kernel=*/3, all),
      shortcut_(in == out ? nullptr : std::make_unique<MpConv1d>(*this, "nin_shortcut", in, out, /*kernel=*/1, all)) {}

Tensor MpResBlock::forward(const Tensor& x, const RunContext& run) const {
  const Tensor normed = pixel_norm(x);
  const Tensor branch = conv2_.forward(mp_silu(conv1_.forward(mp_silu(normed), run)), run);
  return mp_sum(shortcut_ == nullptr ? normed : shortcut_->forward(normed, run), branch);
}

MpAttention::MpAttention(nn::Module& parent, const std::string& name, std::int64_t width, MpConvs& all)
    : Module(parent, name),
      width_(width),
      qkv_(*this, "qkv", width, 3 * width, /*kernel=*/1, all),
      out_(*this, "proj_out", width, width, /*kernel=*/1, all) {}

Tensor MpAttention::forward(const Tensor& x, const RunContext& run) const {
  const Tensor qkv = qkv_.forward(x, run).unflatten(1, {width_, 3});  // [B, C, 3, T]: channel 3c is q, 3c + 1 k, 3c + 2 v
  const auto head = [&](std::int64_t index) {                         // [B, 1, T, C]
    return pixel_norm(qkv.select(2, index)).transpose(1, 2).unsqueeze(1).to(run.dtype).contiguous();
  };
  const Tensor mixed = nn::attention(head(0), head(1), head(2), run).squeeze(1).transpose(1, 2);
  return mp_sum(x, out_.forward(mixed, run));
}

}  // namespace phonofilm::autoencoders
