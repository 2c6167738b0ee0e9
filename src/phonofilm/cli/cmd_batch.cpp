// phonofilm batch prompts.csv -o films/
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/json_text.h"
#include "phonofilm/base/log.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/film_maker.h"
#include "phonofilm/media/film.h"
#include "phonofilm/pipeline/prompt_list.h"

namespace phonofilm::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  pipeline::GenerateRequest defaults;
  FilmMakerOptions maker;
  std::string list, folder = "films", format;
};

// As asked for; else what fits the list.
std::string format_of(const Options& options) {
  if (!options.format.empty()) return options.format;
  return fs::path(options.list).extension() == ".lst" ? "wav" : "mp4";
}

// Of a sound file, by what its container says.
double seconds_of(const std::string& path) { return media::inspect_film(path).facts.audio_seconds; }

// One line per finished or failed row, so that a night's run can be read afterwards.
void record(const Options& options, const pipeline::PromptRow& row, const std::string& film,
            const std::string& problem) {
  const std::string name = fs::path(film).filename().string();
  nlohmann::json entry{{"line", row.line}, {"prompt", row.request.prompt}, {"film", name}};
  entry[problem.empty() ? "done" : "error"] = problem.empty() ? nlohmann::json(true) : nlohmann::json(problem);
  std::ofstream(options.folder + "/batch.jsonl", std::ios::app)
      << json_text(entry) << "\n";
}

// The latents that an interrupted run left for this film, unless they are damaged. Throws InvalidRequest for those of a
// film with other settings, which must not be lost.
std::optional<pipeline::SavedLatent> left_over(const FilmMaker& maker, const std::string& film,
                                               const pipeline::PromptRow& row) {
  auto saved = kept_latents(film);
  const FilmInputs inputs{.files = row.files};
  PF_CHECK(!saved || maker.are_of(*saved, row.request, inputs), InvalidRequest, "batch", latent_path(film),
           ": holds latents of a film with other settings; give those to go on with it, or delete the file");
  return saved;
}

class Batch {
 public:
  explicit Batch(const Options& options) : options_(options) {}

  void run() {
    const auto rows = pipeline::read_prompt_list(options_.list, options_.defaults, seconds_of);
    make_folder(options_.folder);
    for (size_t i = 0; i < rows.size(); ++i) {
      const std::string name = rows[i].name.empty() ? pipeline::film_name(i, rows[i].request.prompt) : rows[i].name;
      const std::string film = concat(options_.folder, "/", name, ".", format_of(options_));
      if (rows[i].problem.empty() && fs::exists(film)) {
        ++there_;
      } else {
        try_row(rows[i], film);
      }
    }
    std::printf("%zu films: %zu made, %zu were there, %zu failed\n", rows.size(), made_, there_, failed_);
    PF_CHECK(failed_ == 0, Error, "batch", failed_, " of ", rows.size(), " films failed; see ", options_.folder,
             "/batch.jsonl");
  }

 private:
  // A row that fails does not stop the rest; Ctrl-C and a full disk do.
  void try_row(const pipeline::PromptRow& row, const std::string& film) {
    if (!row.problem.empty()) return fail(row, film, row.problem);
    try {
      check_output(film, row.request);
      if (!maker_) maker_.emplace(options_.maker);
      const auto saved = left_over(*maker_, film, row);
      const FilmInputs inputs{.files = row.files, .resume = saved ? &*saved : nullptr};
      maker_->make(saved ? saved->request : row.request, inputs, film);
      record(options_, row, film, "");
      ++made_;
    } catch (const Cancelled&) {
      throw;
    } catch (const CheckpointError&) {
      throw;
    } catch (const ResourceError&) {
      throw;
    } catch (const std::exception& error) {  // also LibTorch's and the standard library's own, as of too large a film
      fail(row, film, error.what());
    }
  }

  void fail(const pipeline::PromptRow& row, const std::string& film, const std::string& problem) {
    log::error(concat(options_.list, ":", row.line, ": ", problem));
    record(options_, row, film, problem);
    ++failed_;
  }

  Options options_;
  std::optional<FilmMaker> maker_;  // loaded for the first film that is not there
  size_t made_ = 0, there_ = 0, failed_ = 0;
};

}  // namespace

void add_batch_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("batch", "Make a film for every prompt of a list; run again to go on");
  command
      ->add_option("LIST", options->list,
                   "Ovi's CSV or TSV (text_prompt, image_path), JSON lines (NAVA's too: prompt, image_path, spk_wavs), "
                   "or a .lst of Seed-TTS-eval (name|reference text|reference file|text), of which sounds are made")
      ->required();
  command->add_option("-o,--output", options->folder, "folder for the films")->capture_default_str();
  command->add_option("--format", options->format, "of the films (default mp4; wav for a .lst)")
      ->check(CLI::IsMember({"mp4", "mov", "m4a", "wav"}));
  Fields fields = options->defaults.fields();
  std::erase_if(fields, [](const Field& field) { return field.name == "prompt" || field.name == "then"; });
  add_flags(*command, options->maker.fields());
  add_flags(*command, fields);
  add_flags(*command, options->maker.film.fields());
  command->callback([options] { Batch(*options).run(); });
}

}  // namespace phonofilm::cli
