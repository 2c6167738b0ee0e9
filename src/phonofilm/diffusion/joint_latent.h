// The state of one joint diffusion process: a video latent and an audio latent that are denoised together.
#pragma once

#include <functional>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::diffusion {

// Either modality may be absent (an undefined tensor): text to audio, picture only, and the joint case are one path.
struct JointLatent {
  Tensor video;  // [B, C, F, H, W] float32
  Tensor audio;  // [B, C, T] float32

  bool has_video() const { return video.defined(); }
  bool has_audio() const { return audio.defined(); }
};

// Applies `f` to every tensor that is there; for several latents, all must have the same modalities.
template <class F, class... Latents>
JointLatent map(const F& f, const JointLatent& first, const Latents&... rest) {
  JointLatent result;
  if (first.has_video()) result.video = f(first.video, rest.video...);
  if (first.has_audio()) result.audio = f(first.audio, rest.audio...);
  return result;
}

// The model as the sampler sees it: velocity (noise - data) of `latent` at noise level sigma, 1 (noise) to 0 (data).
using VelocityFn = std::function<JointLatent(const JointLatent& latent, double sigma)>;

}  // namespace phonofilm::diffusion
