#include "phonofilm/autoencoders/wan22_vae/convolution.h"

#include <algorithm>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::autoencoders::wan22 {

using nn::RunContext;

namespace {

using MaybeTensor = c10::optional<Tensor>;

enum class Edge { around, right_and_below };

// x [B, F, H, W, in], weight [out, in, k, k], all of one dtype. A convolution of single positions is a matrix product.
Tensor convolve_frames(const Tensor& x, const Tensor& weight, const MaybeTensor& bias, Edge edge = Edge::around) {
  const std::int64_t kernel = weight.size(-1);
  if (kernel == 1) return at::linear(x, weight.flatten(1), bias);
  const Tensor padded = edge == Edge::around ? x : at::constant_pad_nd(x, {0, 0, 0, 1, 0, 1}, 0);
  const Tensor frames = padded.flatten(0, 1).permute({0, 3, 1, 2});  // [B * F, C, H, W] in channels-last memory
  const std::int64_t stride = edge == Edge::around ? 1 : 2, padding = edge == Edge::around ? kernel / 2 : 0;
  const Tensor y = at::conv2d(frames, weight.contiguous(at::MemoryFormat::ChannelsLast), bias, stride, padding);
  return y.permute({0, 2, 3, 1}).contiguous().unflatten(0, {x.size(0), x.size(1)});
}

// y with `part` added to its frames from `first` on.
Tensor add_from(const Tensor& y, std::int64_t first, const Tensor& part) {
  if (first == 0) return y + part;
  return at::cat({y.narrow(1, 0, first), y.narrow(1, first, part.size(1)) + part}, 1);
}

// A copy, so that the stream does not keep the whole chunk alive.
Tensor last_frames(const Tensor& x, std::int64_t count) {
  const std::int64_t kept = std::min(count, x.size(1));
  return x.narrow(1, x.size(1) - kept, kept).clone();
}

}  // namespace

Tensor arranged(const Tensor& weight) {
  if (weight.dim() == 4) return weight.contiguous(at::MemoryFormat::ChannelsLast);
  if (weight.dim() != 5) return weight;
  return weight.permute({2, 0, 3, 4, 1}).contiguous().permute({1, 4, 0, 2, 3});  // tap by tap, each channels last
}

FrameConv::FrameConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out,
                     std::int64_t kernel)
    : Module(parent, name),
      weight_(parameter("weight", {out, in, kernel, kernel}, nn::init::kaiming_uniform())),
      bias_(parameter("bias", {out}, nn::init::zeros())) {}

Tensor FrameConv::forward(const Tensor& x, const RunContext& run) const {
  return convolve_frames(x.to(run.dtype), weight_.to(run.dtype), bias_.to(run.dtype));
}

Tensor FrameConv::halve(const Tensor& x, const RunContext& run) const {
  return convolve_frames(x.to(run.dtype), weight_.to(run.dtype), bias_.to(run.dtype), Edge::right_and_below);
}

CausalConv::CausalConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out,
                       std::int64_t taps, std::int64_t kernel)
    : Module(parent, name),
      taps_(taps),
      weight_(parameter("weight", {out, in, taps, kernel, kernel}, nn::init::kaiming_uniform())),
      bias_(parameter("bias", {out}, nn::init::zeros())) {}

Tensor CausalConv::tap(std::int64_t index, const RunContext& run) const {
  return weight_.select(2, index).to(run.dtype);
}

// One 2-D convolution per tap, over all frames that the tap meets: on CPUs faster than a 3-D convolution (see
// bench/bench_wan22_vae.cpp), and what would only multiply the zeros before the film is not computed.
Tensor CausalConv::forward(const Tensor& x, Stream& stream, const RunContext& run) const {
  Tensor input = x.to(run.dtype);
  std::int64_t before = 0;  // frames of earlier chunks at the head of `input`
  if (taps_ > 1) {
    Tensor& past = stream.past[this];
    if (past.defined()) {
      before = past.size(1);
      input = at::cat({past, input}, 1);
    }
    past = last_frames(input, taps_ - 1);
  }
  const std::int64_t frames = x.size(1);
  Tensor y = convolve_frames(input.narrow(1, before, frames), tap(taps_ - 1, run), bias_.to(run.dtype));
  for (std::int64_t back = 1; back < taps_; ++back) {
    const std::int64_t first = std::max<std::int64_t>(0, back - before);  // earlier frames meet zeros
    if (first >= frames) break;
    const Tensor met = input.narrow(1, before + first - back, frames - first);
    y = add_from(y, first, convolve_frames(met, tap(taps_ - 1 - back, run), {}));
  }
  return y;
}

Tensor CausalConv::halve_time(const Tensor& x, const RunContext& run) const {
  const Tensor input = x.to(run.dtype);
  const std::int64_t last = x.size(1) - taps_;
  const auto met = [&](std::int64_t index) { return input.slice(1, index, index + last + 1, /*step=*/2); };
  Tensor y = convolve_frames(met(0), tap(0, run), bias_.to(run.dtype));
  for (std::int64_t index = 1; index < taps_; ++index) y = y + convolve_frames(met(index), tap(index, run), {});
  return y;
}

}  // namespace phonofilm::autoencoders::wan22
