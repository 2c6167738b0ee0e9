#include "phonofilm/families/ovi/inspection.h"

#include <algorithm>

#include "phonofilm/base/files.h"
#include "phonofilm/base/text.h"
#include "phonofilm/families/ovi/film_spec.h"
#include "phonofilm/families/ovi/networks.h"
#include "phonofilm/families/wan22.h"

namespace phonofilm::ovi {
namespace {

using families::FolderReport;
using families::PartReport;
using weights::TensorMap;

// Repositories on Hugging Face, as Ovi's own download_weights.py names them, and the licences that they state.
struct Publication {
  const char *repository, *licence;
};
constexpr Publication kOvi{"chetwinlow1/Ovi", "Apache-2.0"};
constexpr Publication kFloat8{"rkfg/Ovi-fp8_quantized", "Apache-2.0 (of Ovi, which it converts)"};
constexpr Publication kMmaudio{"hkchengrex/MMAudio", "CC-BY-NC-4.0 (not for commercial use)"};

const Publication& publisher_of(const std::string& file) {
  if (file.starts_with("MMAudio/")) return kMmaudio;
  return file.find("fp8") == std::string::npos ? kOvi : kFloat8;
}

// In the repositories the files lie without the folder that the download puts them in, save MMAudio's ext_weights.
PartReport announced(const std::string& name, const std::string& file) {
  const Publication& publisher = publisher_of(file);
  const std::string inside = file.substr(file.find('/') + 1);
  const std::string source = concat("huggingface.co/", publisher.repository, ", ", inside);
  return {.name = name, .file = file, .source = source, .licence = publisher.licence};
}

// Networks are made inside, so that a damaged JSON file becomes a problem of its part.
template <class MakeNetwork>
PartReport inspect(const std::string& root, const std::string& name, const std::string& file, MakeNetwork make) {
  return families::inspect_weights(announced(name, file), root,
                                   [&](const TensorMap& tensors) { return make().misfits(tensors); });
}

std::vector<Variant> present_variants(const std::string& root) {
  std::vector<Variant> present;
  for (const Variant& variant : variants()) {
    if (is_file(root + "/" + variant.file)) present.push_back(variant);
  }
  return present;
}

families::UsualFilm usual_film(const Variant& variant) {
  const families::ClipSpec spec = film_spec(variant, {});
  return {.width = spec.width, .height = spec.height, .seconds = longest_seconds(variant), .fps = kFps,
          .follows_image = true};
}

void add_notes(FolderReport& report, const std::string& root) {
  std::vector<std::string> own, absent;
  for (const std::string& file : config_files()) {
    if (is_file(root + "/" + file)) own.push_back(file);
  }
  for (const Variant& variant : variants()) {
    const bool there = std::find(report.variants.begin(), report.variants.end(), variant.name) != report.variants.end();
    if (!there) absent.push_back(variant.name);
  }
  report.notes.push_back(own.empty() ? "sizes: the published ones" : "sizes: by " + join(own, ", "));
  const bool lacking = std::any_of(report.parts.begin(), report.parts.end(), [](const PartReport& part) { return !part.found; });
  if (lacking) report.notes.push_back("Ovi's own download_weights.py fetches what is missing into this layout");
  if (!absent.empty()) report.notes.push_back("published variants that are not here: " + join(absent, ", "));
}

}  // namespace

std::optional<FolderReport> inspect_folder(const std::string& root) {
  const std::vector<Variant> present = present_variants(root);
  if (present.empty() && !is_file(root + "/" + kAudioVaeFile) && !is_file(root + "/" + kVocoderFile)) return std::nullopt;
  FolderReport report{.family = "ovi", .keeps_films = true};
  for (const Variant& variant : present) {
    report.variants.push_back(variant.name);
    report.films.push_back(usual_film(variant));
  }
  for (const Variant& variant : present.empty() ? std::vector<Variant>{variants().front()} : present) {
    report.parts.push_back(inspect(root, "towers " + variant.name, variant.file,
                                   [&] { return towers_network(read_tower_config(root), variant); }));
  }
  for (const PartReport& part : wan22::inspect_parts(root)) report.parts.push_back(part);
  report.parts.push_back(
      inspect(root, "audio autoencoder", kAudioVaeFile, [&] { return audio_vae_network(read_audio_vae_config(root)); }));
  report.parts.push_back(inspect(root, "vocoder", kVocoderFile, [&] { return vocoder_network(read_vocoder_config(root)); }));
  add_notes(report, root);
  return report;
}

}  // namespace phonofilm::ovi
