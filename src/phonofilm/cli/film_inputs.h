// What a film is given beside its request: from the paths that a user names to what the pipeline takes.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/pipeline/given_files.h"
#include "phonofilm/pipeline/latent_file.h"

namespace phonofilm::cli {

struct FilmInputs {
  pipeline::GivenFiles files{};
  std::string init_noise{};                       // path of the noise to start from, or empty to draw it
  std::string resumed_from{};                     // path of `resume`
  const pipeline::SavedLatent* resume = nullptr;  // latents to go on from, with all that they began with
};

// A film as the pipeline is asked for it.
struct PreparedFilm {
  pipeline::GenerateRequest request;  // with the length and the size that follow from what is given
  pipeline::Given given{};
  std::vector<std::string> notices{};  // for the user
};

// Reads the files and brings them to the model's size and rates. Throws InvalidRequest for files that contradict each
// other, that this model does not take, or that give a film of a length that cannot be made; MediaError for files that
// cannot be read or hold neither picture nor sound where one is needed.
PreparedFilm prepare_film(const families::Generator& model, const pipeline::GenerateRequest& request,
                          const FilmInputs& inputs);

}  // namespace phonofilm::cli
