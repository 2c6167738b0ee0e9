// Small films of a folder in NAVA's layout (support/tiny_folders.h), for tests of its generator.
#pragma once

#include "phonofilm/diffusion/joint_latent.h"
#include "phonofilm/families/generator.h"
#include "phonofilm/tensor/random.h"
#include "support/tiny_folders.h"

namespace phonofilm::test {

inline families::ClipRequest tiny_clip() { return {.seconds = 9.0 / 24, .height = 64, .width = 96}; }

inline Tensor voice(std::uint64_t seed, double seconds = 1.5) {
  return 0.1 * randn({1, std::int64_t(seconds * 16000)}, make_generator(seed));
}

inline diffusion::JointLatent noise_of(const families::Generator& model, const families::ClipSpec& spec) {
  const auto shape = model.latent_shape(spec);
  const at::Generator generator = make_generator(3);
  diffusion::JointLatent noise;
  if (spec.has_video()) noise.video = randn(shape.video, generator);
  if (spec.has_audio()) noise.audio = randn(shape.audio, generator);
  return noise;
}

inline diffusion::JointLatent velocity_of(const families::Generator& model, const families::Prompt& prompt,
                        const families::ClipRequest& request = tiny_clip(), const nn::RunContext& run = {}) {
  const at::NoGradGuard no_grad;
  const families::ClipSpec spec = model.clip_spec(request);
  const auto conditioning = model.encode(prompt, spec, run);
  return model.velocity(*conditioning, model.info().sampling, run)(noise_of(model, spec), 0.8);
}

inline const std::string kTwoLines = "A <S>hi<E> b <S>oh<E>";

}  // namespace phonofilm::test
