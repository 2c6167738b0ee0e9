// Linear and convolution layers, norms and embedding, as publishers name their tensors (weight, bias).
// forward() casts input and weights to run.dtype (bfloat16: half the memory and, on CPUs with AMX, three to five
// times the speed); parameters stay in the dtype they were loaded with, float32 while training. Only the matrix of a Linear
// may be stored with a scale (storage.h).
#pragma once

#include "phonofilm/nn/module.h"
#include "phonofilm/nn/run_context.h"

namespace phonofilm::nn {

enum class Bias { no, yes };

// y = x Wᵀ + b; weight [out, in]. With a change that is being trained (lora.h): x (W + up down)ᵀ + b.
class Linear : public Module {
 public:
  Linear(Module& parent, const std::string& name, std::int64_t in, std::int64_t out, Bias bias = Bias::yes,
         Init init = init::xavier_uniform());
  Tensor forward(const Tensor& x, const RunContext& run) const;  // [..., in] -> [..., out] in run.dtype

 private:
  Tensor &weight_, &scale_;
  const LowRank& change_;
  Tensor* bias_;
};

// 1-D convolution; weight [out, in / groups, kernel].
class Conv1d : public Module {
 public:
  struct Options {
    std::int64_t kernel = 3, stride = 1, padding = 0, groups = 1;
    Bias bias = Bias::yes;
    Init init = init::kaiming_uniform();
  };
  Conv1d(Module& parent, const std::string& name, std::int64_t in, std::int64_t out, Options options);
  Tensor forward(const Tensor& x, const RunContext& run) const;  // [B, in, T] -> [B, out, T']

 private:
  Options options_;
  Tensor &weight_, *bias_;
};

// LayerNorm over the last axis, statistics in float32; weight and bias [D]. Returns the dtype of x.
class LayerNorm : public Module {
 public:
  LayerNorm(Module& parent, const std::string& name, std::int64_t width, double eps = 1e-6);
  Tensor forward(const Tensor& x) const;

 private:
  double eps_;
  Tensor &weight_, &bias_;
};

// LayerNorm without parameters.
Tensor layer_norm(const Tensor& x, double eps = 1e-6);

// x * rsqrt(mean(x^2) + eps) * weight over the last axis, in float32. Returns the dtype of x.
class RmsNorm : public Module {
 public:
  RmsNorm(Module& parent, const std::string& name, std::int64_t width, double eps = 1e-6);
  Tensor forward(const Tensor& x) const;
  const Tensor& weight() const { return weight_; }
  double eps() const { return eps_; }

 private:
  double eps_;
  Tensor& weight_;
};

// Rows of a table [count, width] by index.
class Embedding : public Module {
 public:
  Embedding(Module& parent, const std::string& name, std::int64_t count, std::int64_t width, double std = 0.02);
  Tensor forward(const Tensor& indices) const;  // int64 [...] -> [..., width]

 private:
  Tensor& weight_;
};

// softmax(q kᵀ / sqrt(K)) v over all keys; q [B, N, Lq, K], k and v [B, N, Lk, K] -> [B, N, Lq, K].
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const RunContext& run);

}  // namespace phonofilm::nn
