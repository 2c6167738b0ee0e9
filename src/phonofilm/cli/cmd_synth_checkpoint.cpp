// phonofilm synth-checkpoint: random weights in a published layout.
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/progress.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/interrupt.h"
#include "phonofilm/families/ovi/synthesis.h"
#include "phonofilm/families/wan22.h"
#include "phonofilm/text/synthetic_tokenizer.h"

namespace phonofilm::cli {
namespace {

namespace fs = std::filesystem;

struct SynthOptions {
  std::string folder;
  std::string family = "ovi", scale = "full", variant = ovi::variants().front().name;
  std::int64_t seed = 0;
  bool overwrite = false;

  Fields fields() {
    std::vector<std::string> variants;
    for (const ovi::Variant& v : ovi::variants()) variants.push_back(v.name);
    return {{"family", &family, "whose layout", {}, {}, {"ovi"}},
            {"scale", &scale, "full: the published shapes, 39 GB; half: half width and depth, 6 GB; toy: 12 MB", {}, {},
             {"full", "half", "toy"}},
            {"variant", &variant, "which of the published models the towers are named as", {}, {}, variants},
            {"seed", &seed, "of all random values", 0.0},
            {"overwrite", &overwrite, "replace files that are there already"}};
  }
};

ovi::SynthesisOptions library_options(const SynthOptions& options) {
  ovi::SynthesisOptions result;
  result.scale = options.scale == "full" ? ovi::Scale::full : options.scale == "half" ? ovi::Scale::half : ovi::Scale::toy;
  for (const ovi::Variant& variant : ovi::variants()) {
    if (variant.name == options.variant) result.variant = variant;
  }
  result.seed = std::uint64_t(options.seed);
  result.overwrite = options.overwrite;
  return result;
}

void write_tokenizer(const std::string& path, std::int64_t vocabulary) {
  make_folder(fs::path(path).parent_path().string());
  write_file_atomically(path, text::make_synthetic_tokenizer(vocabulary));
}

void run(const SynthOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const std::string tokenizer = options.folder + "/" + wan22::kTokenizerFile;
  PF_CHECK(options.overwrite || !fs::exists(tokenizer), InvalidRequest, "synth-checkpoint", tokenizer,
           " is there already; choose another folder or pass --overwrite");
  const ovi::SynthesisOptions synthesis = library_options(options);
  {
    TerminalProgress progress;
    const InterruptGuard interrupt;
    ovi::synthesise(options.folder, synthesis, [&](const ProgressEvent& event) {
      progress.show(event);
      return !interrupt.requested();
    });
  }
  write_tokenizer(tokenizer, ovi::config_at(synthesis.scale).text.vocab);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("wrote %s, %s of random weights in %s; look at it with: phonofilm inspect %s\n", options.folder.c_str(),
              human_bytes(ovi::synthesis_bytes(synthesis)).c_str(), human_seconds(seconds).c_str(), options.folder.c_str());
}

}  // namespace

void add_synth_checkpoint_command(CLI::App& app) {
  const auto options = std::make_shared<SynthOptions>();
  CLI::App* command = app.add_subcommand("synth-checkpoint",
                                           "Write random weights in a published layout, to try a machine or a change");
  command->add_option("-o,--output", options->folder, "folder to write")->required();
  add_flags(*command, options->fields());
  command->callback([options] { run(*options); });
}

}  // namespace phonofilm::cli
