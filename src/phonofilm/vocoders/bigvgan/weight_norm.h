// Convolutions in weight normalisation (Salimans and Kingma 2016): the published tensors are a direction weight_v and a
// magnitude weight_g [D, 1, 1], and the weight is g v / |v| per index of the first axis, which is the output channel of
// a convolution and the input channel of a transposed one.
#pragma once

#include <map>
#include <vector>

#include "phonofilm/nn/module.h"
#include "phonofilm/nn/run_context.h"

namespace phonofilm::vocoders {

class WeightNormed;
// Every such layer of a network, so that its load() can fold them all.
using WeightNormedLayers = std::vector<WeightNormed*>;

// PyTorch spells the pair X.weight_g, X.weight_v (until 2.0) or X.parametrizations.weight.original0, .original1.
// Returns `tensors` with the first spelling. A tensor that is there in both keeps both names, for a strict load to
// refuse.
std::map<std::string, Tensor> with_weight_norm_names(const std::map<std::string, Tensor>& tensors);

// Gradients go to weight_g and weight_v. Their product is computed once by fold() and used for as long as the
// parameters are the very tensors that were folded and want no gradient; in every other case (never folded, loaded
// anew, in training) it is computed on the way. Parameters that are changed in place without require_grad() need a new
// fold().
class WeightNormed : public nn::Module {
 public:
  void fold(at::ScalarType dtype);

 protected:
  WeightNormed(nn::Module& parent, const std::string& name, const Shape& weight, std::int64_t out,
               WeightNormedLayers& all);
  Tensor weight(const nn::RunContext& run) const;
  Tensor bias(const nn::RunContext& run) const { return bias_.to(run.dtype); }

 private:
  Tensor &g_, &v_, &bias_;
  Tensor folded_, folded_g_, folded_v_;
};

// Convolution of odd kernel that keeps the length.
class WeightNormConv1d : public WeightNormed {
 public:
  WeightNormConv1d(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
                   std::int64_t dilation, WeightNormedLayers& all);
  Tensor forward(const Tensor& x, const nn::RunContext& run) const;  // [B, in, T] -> [B, out, T] float32

 private:
  std::int64_t padding_, dilation_;
};

// Transposed convolution that makes `stride` samples of one; kernel - stride must be even and not negative.
class WeightNormConvTranspose1d : public WeightNormed {
 public:
  WeightNormConvTranspose1d(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out,
                            std::int64_t kernel, std::int64_t stride, WeightNormedLayers& all);
  Tensor forward(const Tensor& x, const nn::RunContext& run) const;  // [B, in, T] -> [B, out, stride T] float32

 private:
  std::int64_t stride_, padding_;
};

}  // namespace phonofilm::vocoders
