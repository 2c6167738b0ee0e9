// phonofilm decode film.latents.safetensors -o film.mp4
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/film_maker.h"

namespace phonofilm::cli {
namespace {

struct Options {
  FilmMakerOptions maker;
  std::string latents, output = "film.mp4";
};

void run(const Options& options) {
  const pipeline::SavedLatent saved = pipeline::load_latent(options.latents);
  check_output(options.output, saved.request);
  FilmMaker(options.maker).decode(saved, options.output);
}

}  // namespace

void add_decode_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("decode", "Make a film of latents that an interrupted run kept");
  command->add_option("LATENTS", options->latents, "what generate left beside the film")->required();
  command->add_option("-o,--output", options->output, "the film: .mp4 or .mov; of sound alone .m4a or .wav")
      ->capture_default_str();
  Fields fields = options->maker.fields();
  std::erase_if(fields, [](const Field& field) { return field.name == "dump_latents"; });
  add_flags(*command, fields);
  add_flags(*command, options->maker.film.fields());
  command->callback([options] { run(*options); });
}

}  // namespace phonofilm::cli
