// A film of which a new one keeps parts: its picture while sound is made for it, its sound, its beginning, everything but
// a moment. What is kept is held clean in the latents while the rest is denoised, and is put back into the result.
#pragma once

#include <vector>

#include "phonofilm/diffusion/held.h"
#include "phonofilm/tensor/clip.h"

namespace phonofilm::families {

struct TimeSpan {
  double first = 0, last = 0;  // seconds
  bool operator==(const TimeSpan&) const = default;
};

struct KeptFilm {
  // Of the new film's shape, or without a modality of which nothing is kept. What is not kept may be anything.
  Clip clip;
  std::vector<TimeSpan> video, audio;  // what is kept, in order, without overlap
  bool empty() const { return video.empty() && audio.empty(); }
};

// How a clip's latents lie in time.
struct LatentClock {
  std::int64_t frames = 0, frame_patch = 4;  // latent frames; pictures of each but the first, which holds one
  double fps = 24;
  std::int64_t steps = 0;    // of the sound
  double step_seconds = 0, step_begin = 0;  // of the sound: how long a step lasts, and where the first begins
};

// The latents that lie in what is kept: latent frames all of whose pictures do (a picture is where its middle is), and
// steps of sound that lie in it whole. Of a step that begins before the film, what is inside counts.
diffusion::Held held_latents(const KeptFilm& film, const LatentClock& clock);

// frames: uint8 [n, H, W, 3], pictures `first` and on of the film that was made -> the same with what is kept in place.
// Throws ShapeError where the kept film has other pictures.
Tensor with_kept_pictures(const KeptFilm& film, const Tensor& frames, std::int64_t first, double fps);

// Overwrites pictures and sound of `made` with what is kept. At borders inside the film the sound is faded over
// kFadeSeconds into what is kept. Throws ShapeError where the film has not the shape of `made`.
void put_back(const KeptFilm& film, Clip& made);
inline constexpr double kFadeSeconds = 0.01;

}  // namespace phonofilm::families
