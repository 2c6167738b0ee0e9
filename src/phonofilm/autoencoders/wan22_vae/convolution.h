// Convolutions over a stream of frames. Activations are [B, F, H, W, C], channels last: the fast layout of CPUs and of
// tensor cores, and the one in which a norm over channels is a norm over rows.
//
// A film is handled chunk by chunk; what a causal layer needs of earlier chunks it keeps in a Stream. Chunk by chunk
// and all at once are the same sums.
#pragma once

#include <unordered_map>

#include "phonofilm/nn/module.h"
#include "phonofilm/nn/run_context.h"

namespace phonofilm::autoencoders::wan22 {

// The state of one film on its way through the network.
struct Stream {
  bool first = true;                                    // this chunk is the film's beginning, a single frame
  std::unordered_map<const nn::Module*, Tensor> past{};  // per layer: the last frames it was given
};

// The same weight, of the same shape and values, in the memory order that the convolutions below read it in. Other
// orders work as well but are rearranged in every call.
Tensor arranged(const Tensor& weight);

// 2-D convolution of every frame; weight [out, in, k, k].
class FrameConv : public nn::Module {
 public:
  FrameConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel);
  // [B, F, H, W, in] -> [B, F, H, W, out] in run.dtype; zeros around the frame.
  Tensor forward(const Tensor& x, const nn::RunContext& run) const;
  // Every second position, zeros at the right and lower edge only: [B, F, H, W, in] -> [B, F, H / 2, W / 2, out].
  Tensor halve(const Tensor& x, const nn::RunContext& run) const;

 private:
  Tensor &weight_, &bias_;
};

// 3-D convolution that sees no later frame; weight [out, in, taps, k, k]. Zeros around the frames and before the film.
class CausalConv : public nn::Module {
 public:
  CausalConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t taps,
             std::int64_t kernel);
  // x: the frames that follow those of the stream's earlier chunks; [B, F, H, W, in] -> [B, F, H, W, out] in run.dtype
  Tensor forward(const Tensor& x, Stream& stream, const nn::RunContext& run) const;
  // Every second frame, and only where all taps have one: [B, 2n + 1, H, W, in] -> [B, n, H, W, out]; three taps.
  Tensor halve_time(const Tensor& x, const nn::RunContext& run) const;

 private:
  Tensor tap(std::int64_t index, const nn::RunContext& run) const;  // [out, in, k, k]

  std::int64_t taps_;
  Tensor &weight_, &bias_;
};

}  // namespace phonofilm::autoencoders::wan22
