// One-dimensional magnitude-preserving layers, after EDM2 (Karras et al. 2024, section 3 and appendix B): weights of unit
// norm, an activation and a sum that keep the expected magnitude, normalised residual branches. All activations between
// layers are [B, C, T] float32; only the products of the convolutions and of attention are in run.dtype.
#pragma once

#include <memory>
#include <vector>

#include "phonofilm/nn/module.h"
#include "phonofilm/nn/run_context.h"

namespace phonofilm::autoencoders {

// x / (1e-4 + root mean square over the channels).
Tensor pixel_norm(const Tensor& x);
// SiLU(x) / 0.596, of unit magnitude for normally distributed x.
Tensor mp_silu(const Tensor& x);
// (0.7 x + 0.3 branch) / sqrt(0.7^2 + 0.3^2).
Tensor mp_sum(const Tensor& x, const Tensor& branch);
// The weight [out, in, kernel] that a published one stands for: each output channel divided by its norm (plus 1e-4 of the
// root of its size). float32.
Tensor mp_weight(const Tensor& published);

class MpConv1d;
// Every convolution of a network, so that its load() can fold them all.
using MpConvs = std::vector<MpConv1d*>;

// Convolution of odd kernel without bias that keeps the length.
//
// `weight` is what was published, and what gradients go to. The normalised weight depends on it alone, so it is computed
// once by fold() and used for as long as the parameter is the very tensor that was folded and wants no gradient. In every
// other case (never folded, loaded anew, in training) it is computed on the way: nobody can forget to normalise, and
// nothing is ever normalised twice. A parameter that is changed in place without require_grad() needs a new fold().
class MpConv1d : public nn::Module {
 public:
  MpConv1d(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
           MpConvs& all);
  void fold(at::ScalarType dtype);

  Tensor forward(const Tensor& x, const nn::RunContext& run) const;  // [B, in, T] -> [B, out, T] float32
  // The same with a weight that is `gain` (a scalar tensor) times as large.
  Tensor forward(const Tensor& x, const Tensor& gain, const nn::RunContext& run) const;

 private:
  Tensor weight(const nn::RunContext& run) const;
  Tensor& weight_;
  Tensor folded_, folded_from_;
};

// x' = pixel_norm(x); mp_sum(shortcut(x'), conv2(act(conv1(act(x'))))). The shortcut, a 1-tap convolution, is there where
// the widths differ. Its input is the normalised x, unlike in other residual networks.
class MpResBlock : public nn::Module {
 public:
  MpResBlock(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, MpConvs& all);
  Tensor forward(const Tensor& x, const nn::RunContext& run) const;

 private:
  MpConv1d conv1_, conv2_;
  std::unique_ptr<MpConv1d> shortcut_;
};

// Self-attention over time with one head whose queries, keys and values are all pixel-normalised.
class MpAttention : public nn::Module {
 public:
  MpAttention(nn::Module& parent, const std::string& name, std::int64_t width, MpConvs& all);
  Tensor forward(const Tensor& x, const nn::RunContext& run) const;

 private:
  std::int64_t width_;
  MpConv1d qkv_, out_;
};

}  // namespace phonofilm::autoencoders
