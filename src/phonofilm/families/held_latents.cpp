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

HeldLatents give_film(const Generator& model, const KeptFilm& film, const ClipSpec& spec, std::int64_t frame_patch,
                      const nn::RunContext& run) {
  if (film.empty()) return {};
  const ModelInfo& info = model.info();
  const Generator::LatentShape shape = model.latent_shape(spec);
  LatentClock clock{.frame_patch = frame_patch, .fps = info.fps};
  if (spec.has_video()) clock.frames = shape.video[2];
  if (spec.has_audio()) clock.steps = shape.audio[2];
  clock.step_seconds = info.step_seconds, clock.step_begin = info.step_begin;
  return hold_film(film, clock, [&](const Clip& clip) { return model.encode_clip(clip, run); });
}

void hold_first_frame(const Tensor& frame, const Shape& video, HeldLatents& latents) {
  if (!latents.given.has_video()) latents.given.video = at::zeros(video);
  latents.given.video.narrow(2, 0, 1).copy_(frame);
  std::vector<diffusion::LatentSpan>& spans = latents.held.video;
  const bool held = !spans.empty() && spans.front().first == 0;
  if (!held) spans.insert(spans.begin(), {0, 1});
}

void hold_picture(const Tensor& video, HeldLatents& latents) {
  latents.given.video = video;
  latents.held.video = {{0, video.size(2)}};
}

}  // namespace phonofilm::families
