#include "phonofilm/autoencoders/wan22_vae/resample.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm::autoencoders::wan22 {

using nn::RunContext;

Tensor fold_pixels(const Tensor& video) {
  const std::int64_t b = video.size(0), c = video.size(1), f = video.size(2), h = video.size(3) / 2,
                     w = video.size(4) / 2;
  return video.reshape({b, c, f, h, 2, w, 2}).permute({0, 2, 3, 5, 1, 6, 4}).reshape({b, f, h, w, 4 * c});
}

Tensor unfold_pixels(const Tensor& folded) {
  const std::int64_t b = folded.size(0), f = folded.size(1), h = folded.size(2), w = folded.size(3),
                     c = folded.size(4) / 4;
  return folded.reshape({b, f, h, w, c, 2, 2}).permute({0, 4, 1, 2, 6, 3, 5}).reshape({b, c, f, 2 * h, 2 * w});
}

Downsample::Downsample(nn::Module& parent, const std::string& name, std::int64_t width, Time time)
    : Module(parent, name), resample_(*this, "resample.1", width, width, /*kernel=*/3) {
  if (time == Time::changed) {
    time_conv_ = std::make_unique<CausalConv>(*this, "time_conv", width, width, /*taps=*/3, /*kernel=*/1);
  }
}

Tensor Downsample::forward(const Tensor& x, Stream& stream, const RunContext& run) const {
  const Tensor halved = resample_.halve(x, run);
  if (time_conv_ == nullptr) return halved;
  Tensor& past = stream.past[this];
  const Tensor result = stream.first ? halved : time_conv_->halve_time(at::cat({past, halved}, 1), run);
  past = halved.narrow(1, halved.size(1) - 1, 1).clone();
  return result;
}

namespace {

// The two halves of the channels become two frames.
Tensor double_frames(const Tensor& x) {
  const std::int64_t b = x.size(0), f = x.size(1), h = x.size(2), w = x.size(3), c = x.size(4) / 2;
  return x.view({b, f, h, w, 2, c}).permute({0, 1, 4, 2, 3, 5}).reshape({b, 2 * f, h, w, c});
}

// Every position becomes 2 x 2 equal ones.
Tensor double_positions(const Tensor& x) {
  const std::int64_t b = x.size(0), f = x.size(1), h = x.size(2), w = x.size(3), c = x.size(4);
  return x.view({b, f, h, 1, w, 1, c}).expand({b, f, h, 2, w, 2, c}).reshape({b, f, 2 * h, 2 * w, c});
}

}  // namespace

Upsample::Upsample(nn::Module& parent, const std::string& name, std::int64_t width, Time time)
    : Module(parent, name), resample_(*this, "resample.1", width, width, /*kernel=*/3) {
  if (time == Time::changed) {
    time_conv_ = std::make_unique<CausalConv>(*this, "time_conv", width, 2 * width, /*taps=*/3, /*kernel=*/1);
  }
}

// The film's first frame does not even enter the memory of time_conv: its second chunk sees zeros before it.
Tensor Upsample::forward(const Tensor& x, Stream& stream, const RunContext& run) const {
  const bool doubled = time_conv_ != nullptr && !stream.first;
  const Tensor frames = doubled ? double_frames(time_conv_->forward(x, stream, run)) : x;
  return resample_.forward(double_positions(frames), run);
}

Tensor add_block_means(const Tensor& y, const Tensor& x, Time time) {
  const std::int64_t t = time == Time::changed ? 2 : 1, missing = (t - x.size(1) % t) % t;
  const Tensor padded = missing == 0 ? x : at::constant_pad_nd(x, {0, 0, 0, 0, 0, 0, missing, 0}, 0);
  const std::int64_t b = y.size(0), f = y.size(1), h = y.size(2), w = y.size(3), c = x.size(4);
  const Tensor blocks = padded.reshape({b, f, t, h, 2, w, 2, c}).permute({0, 1, 3, 5, 7, 2, 4, 6});  // [.., c, t, 2, 2]
  return y + blocks.reshape({b, f, h, w, y.size(4), -1}).mean(-1);
}

Tensor add_spread(const Tensor& y, const Tensor& x, Time time, const Stream& stream) {
  const std::int64_t t = time == Time::changed ? 2 : 1, shown = stream.first ? 1 : t;  // frames per frame of x
  const std::int64_t b = x.size(0), f = x.size(1), h = x.size(2), w = x.size(3), c = y.size(4), group = x.size(4) / c;
  const std::int64_t repeats = 4 * t / group;
  // Views only: nothing is spread in memory before the sum.
  const Tensor spread = x.view({b, f, h, w, c, group, 1}).expand({b, f, h, w, c, group, repeats});
  const Tensor blocks = spread.reshape({b, f, h, w, c, t, 2, 2}).permute({0, 1, 5, 2, 6, 3, 7, 4});
  return (y.view({b, f, shown, h, 2, w, 2, c}) + blocks.narrow(2, t - shown, shown)).view(y.sizes());
}

}  // namespace phonofilm::autoencoders::wan22
