// How a film's conditioning comes to hold latents clean: of a first picture, of what is kept of a given film
// (kept_film.h), of a whole picture.
#pragma once

#include <functional>

#include "phonofilm/families/generator.h"

namespace phonofilm::families {

// encode: from a clip to its latents, of the modalities that it has; it gets those of which something is held.
HeldLatents hold_film(const KeptFilm& film, const LatentClock& clock,
                      const std::function<diffusion::JointLatent(const Clip&)>& encode);

// What a model holds of a film that it keeps parts of. frame_patch: pictures of its latent frames.
HeldLatents give_film(const Generator& model, const KeptFilm& film, const ClipSpec& spec, std::int64_t frame_patch,
                      const nn::RunContext& run);

// The latent of a first picture, [1, C, 1, H, W], in the place of the first latent frame of a film whose video latent
// has the shape `video`.
void hold_first_frame(const Tensor& frame, const Shape& video, HeldLatents& latents);

// All of a film's picture, a video latent. Of models with ModelInfo::keeps_films.
void hold_picture(const Tensor& video, HeldLatents& latents);

}  // namespace phonofilm::families
