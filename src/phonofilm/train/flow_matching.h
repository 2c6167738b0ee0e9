// Flow matching (Lipman et al. 2023) on joint latents: x_t = (1 - sigma) x0 + sigma noise, the model predicts
// noise - x0, one sigma per sample shared by both modalities. Pure functions; all randomness comes from the caller.
#pragma once

#include <vector>

#include "phonofilm/base/random.h"
#include "phonofilm/diffusion/joint_latent.h"
#include "phonofilm/train/task.h"

namespace phonofilm::train {

// Noise levels of a batch, and how much each sample's loss counts.
struct NoiseLevels {
  Tensor sigma;   // [B] float32
  Tensor weight;  // [B] float32
  Tensor timestep() const;  // 1000 sigma
};

// NAVA's objective: a table of 1000 levels, the grid nava_euler_sigmas(1000, shift), drawn uniformly, and the weight
// "bsmntw", a bell around timestep 500 that is 0 at its far end and 1 on average.
class NavaNoiseTable {
 public:
  explicit NavaNoiseTable(double shift = 5);
  const std::vector<double>& sigmas() const { return sigmas_; }
  const std::vector<double>& weights() const { return weights_; }
  NoiseLevels draw(std::int64_t batch, Random& random) const;

 private:
  std::vector<double> sigmas_, weights_;
};

// sigma = shift(sigmoid(N(mean, std))), all weights 1 (Esser et al. 2024): most work in the middle of the path. A batch has
// one level from each of its equal parts of the distribution, so that its loss does not hang on which levels it happened to
// draw (low-discrepancy sampling; Kingma et al. 2021).
struct LogitNormal {
  double mean = 0, std = 1, shift = 1;
  NoiseLevels draw(std::int64_t batch, Random& random) const;
};

// x_t of every sample. sigma: [B].
diffusion::JointLatent add_noise(const diffusion::JointLatent& data, const diffusion::JointLatent& noise,
                                 const Tensor& sigma);

// How much the two modalities count (NAVA's published values), and how much more than what stands still in the picture
// what moves does (motion_weight; 0: no more).
struct LossScales {
  double video = 1, audio = 0.2, moving = 0;
};

// How much each place of a picture counts: w = 1 + moving * min(4, r), divided by its mean over the sample. r is the squared
// distance, over channels, of the estimate of x0 from its own mean over time, relative to the sample's mean of that. What
// moves covers few places, and its errors are what is seen. The estimate is x_t - sigma v, made of what the model knows,
// so that the best prediction is that of the plain loss; weights made of x0 itself would draw it to wherever something
// might move. estimate: [B, C, F, H, W] -> [B, 1, F, H, W], float32.
Tensor motion_weight(const Tensor& estimate, double moving);

struct FlowLoss {
  Tensor total;         // scalar float32, to be differentiated: mean over samples of weight * (video and audio parts)
  Tensor video, audio;  // [B] float32, detached: plain mean squared error per sample; undefined where absent
};

// prediction: velocities as the model returns them; data and noise: as given to add_noise.
// Squared errors are averaged over all elements of a sample, a given first frame included, as published; those of the
// picture weighed by motion_weight where scales.moving asks for it.
FlowLoss flow_loss(const diffusion::JointLatent& prediction, const diffusion::JointLatent& data,
                   const diffusion::JointLatent& noise, const NoiseLevels& levels, const LossScales& scales = {});

// What a task reports of a step: the total, and the means of "video" and "audio" where they are there.
StepLoss step_loss(const FlowLoss& flow);

}  // namespace phonofilm::train
