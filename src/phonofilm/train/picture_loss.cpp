#include "phonofilm/train/picture_loss.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::train {
namespace {

struct PlaneSums {
  float picture = 0, motion = 0;
};

float sign(float x) { return float((x > 0) - (x < 0)); }

// One colour of one picture. back and ahead are the distances to the same pixel in the neighbouring pictures, 0 where
// there is none.
PlaneSums plane_loss(const float* decoded, const float* frame, const float* weight, float* gradient, std::int64_t pixels,
                     std::int64_t back_step, std::int64_t ahead_step, float picture_scale, float motion_scale) {
  PlaneSums sums;
  for (std::int64_t i = 0; i < pixels; ++i) {
    const float d = decoded[i] - frame[i], w = weight[i];
    const float back = d - (decoded[i - back_step] - frame[i - back_step]);
    const float ahead = (decoded[i + ahead_step] - frame[i + ahead_step]) - d;
    sums.picture += w * (std::abs(d) + 2 * d * d);
    sums.motion += w * std::abs(back);
    gradient[i] = picture_scale * w * (sign(d) + 4 * d) +
                  motion_scale * (w * sign(back) - weight[i + ahead_step] * sign(ahead));
  }
  return sums;
}

}  // namespace

Tensor moving_weight(const Tensor& frames, double moving) {
  expect_shape(frames, {kAny, 3, kAny, kAny, kAny}, "moving_weight: frames");
  const std::int64_t batch = frames.size(0), count = frames.size(2), pixels = frames.size(3) * frames.size(4);
  const Tensor mean = frames.mean(2).contiguous();  // [B, 3, H, W]
  Tensor weight = at::empty({batch, count, frames.size(3), frames.size(4)}, at::kFloat);
  const float* x = frames.const_data_ptr<float>();
  const float* m = mean.const_data_ptr<float>();
  float* w = weight.mutable_data_ptr<float>();
  const std::int64_t color = count * pixels;
  for (std::int64_t b = 0; b < batch; ++b, x += 3 * color, m += 3 * pixels) {
    for (std::int64_t f = 0; f < count; ++f, w += pixels) {
      const float* frame = x + f * pixels;
      for (std::int64_t i = 0; i < pixels; ++i) {
        const float red = std::abs(frame[i] - m[i]), green = std::abs(frame[i + color] - m[i + pixels]);
        const float blue = std::abs(frame[i + 2 * color] - m[i + 2 * pixels]);
        w[i] = 1 + float(moving) * std::min(1.0F, 2 * std::max(red, std::max(green, blue)));
      }
    }
  }
  return weight;
}

PictureLoss picture_loss(const Tensor& decoded, const Tensor& frames, const Tensor& weight, double motion_scale) {
  PF_CHECK(decoded.sizes() == frames.sizes(), ShapeError, "picture_loss", "decoded ", shape_text(decoded.sizes()),
           " against frames ", shape_text(frames.sizes()));
  const Tensor x = decoded.detach().contiguous();
  Tensor gradient = at::empty_like(x);
  const std::int64_t planes = x.size(0) * 3, count = x.size(2), pixels = x.size(3) * x.size(4);
  const double picture_count = double(x.numel()), motion_count = double(planes * (count - 1) * pixels);
  PictureLoss loss;
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    for (std::int64_t f = 0; f < count; ++f) {
      const std::int64_t at = (plane * count + f) * pixels;
      const std::int64_t back = f > 0 ? pixels : 0, ahead = f + 1 < count ? pixels : 0;  // 0: no neighbour, no change
      const PlaneSums sums =
          plane_loss(x.const_data_ptr<float>() + at, frames.const_data_ptr<float>() + at,
                     weight.const_data_ptr<float>() + ((plane / 3) * count + f) * pixels,
                     gradient.mutable_data_ptr<float>() + at, pixels, back, ahead, float(1 / picture_count),
                     float(motion_scale / motion_count));
      loss.picture += sums.picture / picture_count;
      loss.motion += sums.motion / motion_count;
    }
  }
  loss.gradient = gradient;
  return loss;
}

Tensor with_gradient(const Tensor& x, const Tensor& gradient, double value) {
  const Tensor surrogate = (x * gradient).sum();
  return surrogate - surrogate.detach() + value;
}

}  // namespace phonofilm::train
