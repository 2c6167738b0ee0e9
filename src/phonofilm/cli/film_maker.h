// From a request to a finished film on disk, for the commands that make films.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/cli/film_inputs.h"
#include "phonofilm/cli/interrupt.h"
#include "phonofilm/media/film.h"
#include "phonofilm/pipeline/long_film.h"

namespace phonofilm::cli {

struct FilmMakerOptions {
  media::FilmOptions film;
  std::string model = "models/mini", variant, dtype = "auto", storage = "file", memory = "auto";
  std::vector<std::string> lora;  // "FILE" or "FILE:SCALE"
  std::int64_t threads = 0;
  bool dump_latents = false;
  bool vae_tiling = false;
  std::string vae_tile = "22x40", vae_tile_stride = "14x26";  // rows x columns of the latent

  // None for exact decoding. Throws InvalidRequest for sizes that are none, and for sizes of tiles that are not asked
  // for.
  std::optional<autoencoders::PictureTiles> tiles() const;
  // Flags of all commands that make films, without those of the film's encoding.
  Fields fields();
};

// Everything about an output that can be refused before the first second of computing: throws InvalidRequest for an
// ending that is no film's or does not fit the request, ResourceError where nothing can be written. Makes the folder.
void check_output(const std::string& path, const pipeline::GenerateRequest& request);

// The model that the options name, with the math library's threads set to what serves it.
std::unique_ptr<families::Generator> load_model(const FilmMakerOptions& options, const nn::RunContext& context);

// Where the latents of a film wait until it is written.
std::string latent_path(const std::string& film);

// The latents that were kept for a film; none where there are none, or damaged ones, of which the log tells.
std::optional<pipeline::SavedLatent> kept_latents(const std::string& film);

// A film's latents are kept at latent_path(film) while it is made. Throws InvalidRequest where that would overwrite the
// latents of a film that is not finished, or the noise that this one starts from.
void check_room_for_latents(const FilmInputs& inputs, const std::string& film);

class FilmMaker {
 public:
  explicit FilmMaker(const FilmMakerOptions& options);  // loads the model

  // Makes one film and says what was made. A Ctrl-C keeps the latents and throws Cancelled.
  void make(const pipeline::GenerateRequest& request, const FilmInputs& inputs, const std::string& path);
  // Whether saved latents are of this very film: the same model, settings and given files. Settings that their version
  // of the program did not know count as not given.
  bool are_of(const pipeline::SavedLatent& saved, const pipeline::GenerateRequest& request,
              const FilmInputs& inputs) const;
  // The film of saved latents, finished or not.
  void decode(const pipeline::SavedLatent& saved, const std::string& path);
  // Says what make() would take: tokens, operations, memory, time. Beside reading what is given, computes nothing but a
  // short measurement.
  void plan(const pipeline::GenerateRequest& request, const FilmInputs& inputs) const;

 private:
  class Sink;  // writes a film while it is being decoded
  pipeline::GenerateOptions watched(TerminalProgress& progress, Sink& sink) const;
  nlohmann::json describe(const pipeline::Generated& result, const pipeline::Given& given) const;
  std::string how_to_go_on(const pipeline::SavedLatent& saved, const std::string& path) const;
  void finish(const pipeline::Generated& result, const pipeline::Given& given, const std::string& path,
              Sink& sink) const;

  FilmMakerOptions options_;
  std::optional<autoencoders::PictureTiles> tiles_;
  nn::RunContext context_;
  std::unique_ptr<families::Generator> model_;
  InterruptGuard interrupt_;
};

}  // namespace phonofilm::cli
