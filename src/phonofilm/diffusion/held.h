// What of a joint latent is given and held clean while the rest is denoised: a first frame, a film's sound, its beginning.
#pragma once

#include <vector>

#include "phonofilm/diffusion/joint_latent.h"

namespace phonofilm::diffusion {

// Latent frames of the picture, or latent steps of the sound.
struct LatentSpan {
  std::int64_t first = 0, count = 0;
  bool operator==(const LatentSpan&) const = default;
};

struct Held {
  std::vector<LatentSpan> video, audio;
  bool any() const { return !video.empty() || !audio.empty(); }
  bool operator==(const Held&) const = default;
};

// Whether one of the spans is all of a modality of `length`.
bool is_whole(const std::vector<LatentSpan>& spans, std::int64_t length);

// The first `count` latent frames; nothing for 0.
Held first_frames(std::int64_t count);

// Where a modality of `length` is held: bool [length] on the CPU. Throws InvalidRequest for spans outside of it.
Tensor held_mask(const std::vector<LatentSpan>& spans, std::int64_t length);
// The other way: the runs of true in a mask.
std::vector<LatentSpan> spans_of(const Tensor& mask);

// Overwrites what is held with the same part of `given`, in place. given has the latent's shape; a modality of which
// nothing is held may be absent from it.
void impose(const JointLatent& given, const Held& held, JointLatent& latent);

}  // namespace phonofilm::diffusion
