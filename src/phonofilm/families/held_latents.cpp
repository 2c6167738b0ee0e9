#include "phonofilm/families/held_latents.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm::families {

HeldLatents hold_film(const KeptFilm& film, const LatentClock& clock,
                      const std::function<diffusion::JointLatent(const Clip&)>& encode) {
  HeldLatents latents{{}, held_latents(film, clock)};
  if (!latents.held.any()) return latents;
  Clip clip = film.clip;
  if (latents.held.video.empty()) clip.frames = Tensor();
  if (latents.held.audio.empty()) clip.waveform = Tensor();
  latents.given = encode(clip);
  return latents;
}

void hold_first_frame(const Tensor& frame, const Shape& video, HeldLatents& latents) {
  if (!latents.given.has_video()) latents.given.video = at::zeros(video);
  latents.given.video.narrow(2, 0, 1).copy_(frame);
  std::vector<diffusion::LatentSpan>& spans = latents.held.video;
  const bool held = !spans.empty() && spans.front().first == 0;
  if (!held) spans.insert(spans.begin(), {0, 1});
}

}  // namespace phonofilm::families
