// phonofilm synth-checkpoint: random weights in a published layout.
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/interrupt.h"
#include "phonofilm/families/nava/synthesis.h"
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
    return {{"family", &family, "whose layout", {}, {}, {"ovi", "nava"}},
            {"scale", &scale, "full: the published shapes, 40 GB; half: half width and depth, 6 GB; toy: 20 MB", {}, {},
             {"full", "half", "toy"}},
            {"variant", &variant, "which of Ovi's published models the towers are named as", {}, {}, variants},
            {"seed", &seed, "of all random values", 0.0},
            {"overwrite", &overwrite, "replace files that are there already"}};
  }
  families::Scale size() const {
    return scale == "full" ? families::Scale::full : scale == "half" ? families::Scale::half : families::Scale::toy;
  }
};

ovi::SynthesisOptions ovi_options(const SynthOptions& options) {
  ovi::SynthesisOptions result{.scale = options.size(), .seed = std::uint64_t(options.seed), .overwrite = options.overwrite};
  for (const ovi::Variant& variant : ovi::variants()) {
    if (variant.name == options.variant) result.variant = variant;
  }
  return result;
}

nava::SynthesisOptions nava_options(const SynthOptions& options) {
  return {.scale = options.size(), .seed = std::uint64_t(options.seed), .overwrite = options.overwrite};
}

// Bytes written.
double write_weights(const SynthOptions& options, const Observer& observer) {
  if (options.family == "nava") {
    nava::synthesise(options.folder, nava_options(options), observer);
    return nava::synthesis_bytes(nava_options(options));
  }
  ovi::synthesise(options.folder, ovi_options(options), observer);
  return ovi::synthesis_bytes(ovi_options(options));
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
  double bytes = 0;
  {
    InterruptibleProgress progress;
    bytes = write_weights(options, progress.observer());
  }
  write_tokenizer(tokenizer, wan22::tokenizer_pieces(wan22::text_config_at(options.size())));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("wrote %s, %s of random weights in %s; look at it with: phonofilm inspect %s\n", options.folder.c_str(),
              human_bytes(bytes).c_str(), human_seconds(seconds).c_str(), options.folder.c_str());
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
