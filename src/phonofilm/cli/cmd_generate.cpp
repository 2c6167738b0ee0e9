// phonofilm generate "a red rubber ball falls" -o film.mp4
#include <filesystem>
#include <optional>

#include "phonofilm/base/error.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/film_maker.h"

namespace phonofilm::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  pipeline::GenerateRequest request;
  FilmMakerOptions maker;
  std::string output = "film.mp4", image, init_noise, resume;
  std::vector<std::string> voices;
  std::int64_t takes = 1;
  bool dry_run = false;
};

// "film.mp4", and for the second take "film_2.mp4".
std::string take_path(const Options& options, std::int64_t take) {
  if (take == 0) return options.output;
  const fs::path path(options.output);
  return (path.parent_path() / concat(path.stem().string(), "_", take + 1, path.extension().string())).string();
}

// --resume takes everything that shapes the film from the latents.
void refuse_beside_resume(const CLI::App& command, const Fields& request_fields) {
  std::vector<std::string> names{"prompt", "--image", "--voice", "--init-noise", "--takes"};
  for (const Field& field : request_fields) names.push_back("--" + flag_name(field));
  std::vector<std::string> given;
  for (const std::string& name : names) {
    if (command.count(name) > 0) given.push_back(name);
  }
  PF_CHECK(given.empty(), InvalidRequest, "generate", "--resume takes its settings from the latents; leave out ",
           join(given, ", "));
}

void run(Options options) {
  PF_CHECK(options.takes == 1 || options.init_noise.empty(), InvalidRequest, "generate",
           "--takes differ by their noise, which --init-noise gives; leave out one of them");
  std::optional<pipeline::SavedLatent> saved;
  if (!options.resume.empty()) {
    saved = pipeline::load_latent(options.resume);
    options.request = saved->request;
  }
  pipeline::check(options.request);
  for (std::string& voice : options.voices) {
    if (voice == "none" || voice == "None") voice.clear();
  }
  const FilmInputs inputs{options.image, options.voices, options.init_noise, options.resume, saved ? &*saved : nullptr};
  if (options.dry_run) return FilmMaker(options.maker).plan(options.request, inputs);
  check_output(options.output, options.request);
  for (std::int64_t take = 0; take < options.takes; ++take) check_room_for_latents(inputs, take_path(options, take));
  FilmMaker maker(options.maker);
  for (std::int64_t take = 0; take < options.takes; ++take) {
    pipeline::GenerateRequest request = options.request;
    request.seed += take;
    maker.make(request, inputs, take_path(options, take));
  }
}

}  // namespace

void add_generate_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("generate", "Make a film from a sentence");
  command->add_option("prompt", options->request.prompt, "what is to be seen and heard");
  command->add_option("-o,--output", options->output, "the film: .mp4 or .mov; with --no-video .m4a or .wav")
      ->capture_default_str();
  command->add_option("--image", options->image, "first frame, any format and size");
  command
      ->add_option("--voice", options->voices,
                   "reference voice, any format; the i-th for the i-th <S>...<E>, or 'none' for a line without one")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--takes", options->takes, "films to make, with consecutive seeds")->check(CLI::Range(1, 10000));
  command->add_option("--init-noise", options->init_noise,
                      "start from the noise in this file, such as --dump-latents leaves");
  command->add_flag("--dry-run", options->dry_run,
                    "say what the film would take (tokens, operations, memory, time), make nothing");
  command->add_option("--resume", options->resume,
                      "go on from the latents that an interrupted run kept, with its settings, first frame and voices");
  Fields fields = options->request.fields();
  std::erase_if(fields, [](const Field& field) { return field.name == "prompt"; });
  add_flags(*command, options->maker.fields());
  add_flags(*command, fields);
  add_flags(*command, options->maker.film.fields());
  command->callback([options, command, fields] {
    if (!options->resume.empty()) refuse_beside_resume(*command, fields);
    run(*options);
  });
}

}  // namespace phonofilm::cli
