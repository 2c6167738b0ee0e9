// From a request to a finished film on disk, for the commands that make films.
#pragma once

#include <memory>
#include <string>

#include "phonofilm/cli/interrupt.h"
#include "phonofilm/media/film.h"
#include "phonofilm/pipeline/generate.h"

namespace phonofilm::cli {

struct FilmMakerOptions {
  media::FilmOptions film;
  std::string model = "models/mini", variant, dtype = "auto";
  std::int64_t threads = 0;
  bool keep_latents = false;

  // Flags of all commands that make films, without those of the film's encoding.
  Fields fields();
};

// Everything about an output that can be refused before the first second of computing: throws InvalidRequest for an
// ending that is no film's or does not fit the request, ResourceError where nothing can be written. Makes the folder.
void check_output(const std::string& path, const pipeline::GenerateRequest& request);

// Where the latents of a film wait until it is written.
std::string latent_path(const std::string& film);

class FilmMaker {
 public:
  explicit FilmMaker(const FilmMakerOptions& options);  // loads the model

  // Makes one film and says what was made. image: path of a first frame, or empty. resume: latents to go on from, or
  // nullptr. A Ctrl-C keeps the latents and throws Cancelled.
  void make(const pipeline::GenerateRequest& request, const std::string& image, const std::string& path,
            const pipeline::SavedLatent* resume);

 private:
  Tensor load_image(const pipeline::GenerateRequest& request, const std::string& path) const;
  void write(const pipeline::Generated& result, const std::string& image, const std::string& path) const;

  FilmMakerOptions options_;
  nn::RunContext context_;
  std::unique_ptr<families::Generator> model_;
  InterruptGuard interrupt_;
};

}  // namespace phonofilm::cli
