// What a film is given beside its request: from the paths that a user names to what the pipeline takes.
#pragma once

#include <string>

#include "phonofilm/pipeline/film_preparation.h"
#include "phonofilm/pipeline/latent_file.h"

namespace phonofilm::cli {

struct FilmInputs {
  pipeline::GivenFiles files{};
  std::string init_noise{};                       // path of the noise to start from, or empty to draw it
  std::string resumed_from{};                     // path of `resume`
  const pipeline::SavedLatent* resume = nullptr;  // latents to go on from, with all that they began with
};

// As pipeline::prepare_film(), of files that are read here and now.
pipeline::PreparedFilm prepare_film(const families::Generator& model, const pipeline::GenerateRequest& request,
                                    const FilmInputs& inputs);

}  // namespace phonofilm::cli
