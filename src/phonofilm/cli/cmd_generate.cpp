// phonofilm generate "a red rubber ball falls" -o film.mp4
#include <algorithm>
#include <filesystem>
#include <limits>
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
  pipeline::GivenFiles files;
  std::string output = "film.mp4", init_noise, resume;
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
void refuse_beside_resume(const CLI::App& command, const std::vector<std::string>& names) {
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
  PF_CHECK(options.request.seed <= std::numeric_limits<std::int64_t>::max() - (options.takes - 1), InvalidRequest,
           "generate", "--seed ", options.request.seed, ": the seeds of ", options.takes, " takes do not fit");
  for (std::string& voice : options.files.voices) {
    if (voice == "none" || voice == "None") voice.clear();
  }
  pipeline::check(options.files, options.request);
  const FilmInputs inputs{options.files, options.init_noise, options.resume, saved ? &*saved : nullptr};
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

// An option that may be given several times.
CLI::Option* add_list(CLI::App& command, const char* name, std::vector<std::string>& target, const char* help) {
  return command.add_option(name, target, help)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

std::vector<std::string> add_given_flags(CLI::App& command, pipeline::GivenFiles& files) {
  constexpr const char* kGroup = "What the film is given";
  std::vector<std::string> names = add_flags(command, files.fields(), kGroup);
  add_list(command, "--voice", files.voices,
           "reference voice, a sound file; the i-th for the i-th <S>...<E>, or 'none' for a line without one")
      ->group(kGroup);
  names.push_back("--voice");
  return names;
}

bool is_of_length(const Field& field) {
  static const std::vector<std::string> kNames{"seconds", "overlap", "latent_frames", "height",     "width",
                                               "exact_size", "video", "audio",        "sample_rate"};
  return std::find(kNames.begin(), kNames.end(), field.name) != kNames.end();
}

std::vector<std::string> add_length_flags(CLI::App& command, pipeline::GenerateRequest& request) {
  constexpr const char* kGroup = "Length and size";
  Fields fields = request.fields();
  std::erase_if(fields, [](const Field& field) { return !is_of_length(field); });
  std::vector<std::string> names = add_flags(command, fields, kGroup);
  add_list(command, "--then", request.then,
           "a further prompt of a film that is made in segments; prompts share its segments evenly")
      ->group(kGroup);
  names.push_back("--then");
  return names;
}

std::vector<std::string> add_sampling_flags(CLI::App& command, Options& options) {
  constexpr const char* kGroup = "Prompt and sampling";
  Fields fields = options.request.fields();
  std::erase_if(fields, [](const Field& field) {
    return is_of_length(field) || field.name == "prompt" || field.name == "then";
  });
  std::vector<std::string> names = add_flags(command, fields, kGroup);
  command.add_option("--takes", options.takes, "films to make, with consecutive seeds")
      ->check(CLI::Range(1, 10000))
      ->type_name("INT")
      ->group(kGroup);
  command.add_option("--init-noise", options.init_noise,
                     "start from the noise in this file, such as --dump-latents leaves")
      ->group(kGroup);
  names.insert(names.end(), {"--takes", "--init-noise"});
  return names;
}

void add_going_flags(CLI::App& command, Options& options) {
  command.add_flag("--dry-run", options.dry_run,
                   "say what the film would take (tokens, operations, memory, time), make nothing");
  command.add_option("--resume", options.resume,
                     "go on from the latents that an interrupted run kept, with its settings and all it was given");
}

}  // namespace

void add_generate_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("generate", "Make a film from a sentence");
  command->add_option("prompt", options->request.prompt, "what is to be seen and heard");
  command->add_option("-o,--output", options->output, "the film: .mp4 or .mov; with --no-video .m4a or .wav")
      ->capture_default_str();
  std::vector<std::string> shaping{"prompt"};
  const auto append = [&](const std::vector<std::string>& names) {
    shaping.insert(shaping.end(), names.begin(), names.end());
  };
  append(add_given_flags(*command, options->files));
  append(add_length_flags(*command, options->request));
  append(add_sampling_flags(*command, *options));
  add_going_flags(*command, *options);
  add_flags(*command, options->maker.fields(), "Model and machine");
  add_flags(*command, options->maker.film.fields(), "The file");
  command->callback([options, command, shaping] {
    if (!options->resume.empty()) refuse_beside_resume(*command, shaping);
    run(*options);
  });
}

}  // namespace phonofilm::cli
