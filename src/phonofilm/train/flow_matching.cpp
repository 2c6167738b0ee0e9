#include "phonofilm/train/flow_matching.h"

#include <ATen/ops/special_ndtri.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "phonofilm/base/error.h"
#include "phonofilm/diffusion/sigma_schedule.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::train {
namespace {

Tensor float_tensor(const std::vector<double>& values) { return at::tensor(values, at::kDouble).to(at::kFloat); }

// How far off a prediction is: [B, ...], in float32.
Tensor error_of(const Tensor& prediction, const Tensor& data, const Tensor& noise) {
  PF_CHECK(prediction.sizes() == data.sizes() && data.sizes() == noise.sizes(), ShapeError, "flow_loss",
           "prediction, data and noise must have equal shapes");
  return prediction.to(at::kFloat) - (noise - data).to(at::kFloat);
}

Tensor mean_of_samples(const Tensor& x) { return x.flatten(1).mean(1); }

Tensor mean_square(const Tensor& error) { return mean_of_samples(error.square()); }

// sigma as a factor of samples like x.
Tensor beside(const Tensor& sigma, const Tensor& x) {
  Shape shape(size_t(x.dim()), 1);
  shape[0] = sigma.size(0);
  return sigma.view(shape);
}

}  // namespace

Tensor NoiseLevels::timestep() const { return sigma * 1000; }

NavaNoiseTable::NavaNoiseTable(double shift) : sigmas_(diffusion::nava_euler_sigmas(1000, shift)) {
  sigmas_.pop_back();
  for (const double sigma : sigmas_) weights_.push_back(std::exp(-2 * std::pow(sigma - 0.5, 2)));
  const double least = *std::min_element(weights_.begin(), weights_.end());
  for (double& weight : weights_) weight -= least;
  const double mean = std::accumulate(weights_.begin(), weights_.end(), 0.0) / double(weights_.size());
  for (double& weight : weights_) weight /= mean;
}

NoiseLevels NavaNoiseTable::draw(std::int64_t batch, Random& random) const {
  std::vector<double> sigma, weight;
  for (std::int64_t i = 0; i < batch; ++i) {
    const auto index = size_t(random.below(std::int64_t(sigmas_.size())));
    sigma.push_back(sigmas_[index]);
    weight.push_back(weights_[index]);
  }
  return {float_tensor(sigma), float_tensor(weight)};
}

NoiseLevels LogitNormal::draw(std::int64_t batch, Random& random) const {
  std::vector<double> share, sigma;
  for (std::int64_t i = 0; i < batch; ++i) share.push_back((double(i) + random.uniform()) / double(batch));
  const Tensor normal = at::special_ndtri(at::tensor(share, at::kDouble)).clamp(-6, 6);
  for (std::int64_t i = 0; i < batch; ++i) {
    const double level = 1 / (1 + std::exp(-(mean + std * normal[i].item<double>())));
    sigma.push_back(diffusion::shift_sigma(level, shift));
  }
  return {float_tensor(sigma), at::ones({batch})};
}

diffusion::JointLatent add_noise(const diffusion::JointLatent& data, const diffusion::JointLatent& noise,
                                 const Tensor& sigma) {
  const auto mix = [&](const Tensor& x, const Tensor& n) {
    const Tensor s = beside(sigma, x);
    return (1 - s) * x + s * n;
  };
  return diffusion::map(mix, data, noise);
}

Tensor motion_weight(const Tensor& estimate, double moving) {
  constexpr double kMost = 4;
  const std::vector<std::int64_t> places{1, 2, 3, 4};
  const Tensor x = estimate.detach().to(at::kFloat);
  const Tensor motion = (x - x.mean(2, /*keepdim=*/true)).square().mean(1, /*keepdim=*/true);
  const Tensor share = motion / motion.mean(places, /*keepdim=*/true).clamp_min(1e-12);
  const Tensor weight = 1 + moving * share.clamp_max(kMost);
  return weight / weight.mean(places, /*keepdim=*/true);
}

FlowLoss flow_loss(const diffusion::JointLatent& prediction, const diffusion::JointLatent& data,
                   const diffusion::JointLatent& noise, const NoiseLevels& levels, const LossScales& scales) {
  const diffusion::JointLatent error = diffusion::map(error_of, prediction, data, noise);
  const diffusion::JointLatent mse = diffusion::map(mean_square, error);
  FlowLoss loss;
  const auto add = [&](const Tensor& part, double scale) {
    const Tensor share = scale * (levels.weight * part).mean();
    loss.total = loss.total.defined() ? loss.total + share : share;
  };
  if (mse.has_video() && scales.moving > 0) {
    const Tensor off = error.video.detach();
    const Tensor estimate = data.video - beside(levels.sigma, off) * off;  // x_t - sigma v
    add(mean_of_samples(motion_weight(estimate, scales.moving) * error.video.square()), scales.video);
  } else if (mse.has_video()) {
    add(mse.video, scales.video);
  }
  if (mse.has_audio()) add(mse.audio, scales.audio);
  loss.video = mse.has_video() ? mse.video.detach() : Tensor();
  loss.audio = mse.has_audio() ? mse.audio.detach() : Tensor();
  return loss;
}

StepLoss step_loss(const FlowLoss& flow) {
  StepLoss loss{flow.total, {}};
  if (flow.video.defined()) loss.parts["video"] = flow.video.mean().item<double>();
  if (flow.audio.defined()) loss.parts["audio"] = flow.audio.mean().item<double>();
  return loss;
}

}  // namespace phonofilm::train
