#include "phonofilm/families/nava/inspection.h"

#include "phonofilm/autoencoders/ltx_audio_vae/ltx_audio_vae.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/text.h"
#include "phonofilm/families/nava/checkpoint.h"
#include "phonofilm/families/nava/film_spec.h"
#include "phonofilm/families/wan22.h"
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"
#include "phonofilm/vocoders/ltx_vocoder/ltx_vocoder.h"

namespace phonofilm::nava {
namespace {

using families::FolderReport;
using families::PartReport;
using weights::TensorMap;

PartReport inspect_backbone(const std::string& root, const Variant& variant) {
  const PartReport part{.name = "backbone " + variant.name, .file = variant.file,
                        .source = "huggingface.co/baidu/NAVA, " + variant.file, .licence = "Apache-2.0"};
  return families::inspect_weights(
      part, root,
      [&](const TensorMap& tensors) { return backbone_network(read_backbone_config(root), variant).misfits(tensors); });
}

PartReport inspect_sound(const std::string& root) {
  const PartReport part{.name = "audio autoencoder and vocoder", .file = kSoundFile,
                        .source = "huggingface.co/baidu/NAVA, after Lightricks/LTX-2.3",
                        .licence = "LTX-2 Community License (with restrictions of use)"};
  return families::inspect_weights(part, root, [&](const TensorMap&) {
    autoencoders::load_ltx_audio_vae(root + "/" + kSoundFile);
    vocoders::load_ltx_vocoder(root + "/" + kSoundFile);
    return std::vector<std::string>{};
  });
}

PartReport inspect_speaker(const std::string& root) {
  const PartReport part{.name = "speaker encoder", .file = speaker_file(root),
                        .source = "github.com/IDRnD/ReDimNet, releases (for reference voices)", .licence = "MIT",
                        .optional = true};
  return families::inspect_weights(part, root, [&](const TensorMap&) {
    speaker_encoders::load_redimnet(root + "/" + part.file);
    return std::vector<std::string>{};
  });
}

// False also where the backbone's config cannot be read, which is told of its part.
bool reads_voices(const std::string& root) {
  try {
    return read_backbone_config(root).add_spk_emb;
  } catch (const Error&) {
    return false;
  }
}

families::UsualFilm usual_film() {
  const families::ClipSpec spec = film_spec({});
  return {.width = spec.width, .height = spec.height, .seconds = kDefaultSeconds, .fps = kFps, .follows_image = true};
}

}  // namespace

std::optional<FolderReport> inspect_folder(const std::string& root) {
  if (!looks_like_nava(root) && !is_file(root + "/" + kSoundFile)) return std::nullopt;
  FolderReport report{.family = "nava", .keeps_films = true};
  const std::vector<Variant> known = variants(root);
  for (const Variant& variant : known) {
    if (!is_file(root + "/" + variant.file)) continue;
    report.variants.push_back(variant.name);
    report.films.push_back(usual_film());
    report.parts.push_back(inspect_backbone(root, variant));
  }
  if (report.variants.empty()) report.parts.push_back(inspect_backbone(root, known.front()));
  for (const PartReport& part : wan22::inspect_parts(root)) report.parts.push_back(part);
  report.parts.push_back(inspect_sound(root));
  report.parts.push_back(inspect_speaker(root));
  report.takes_voices = report.parts.back().usable() && reads_voices(root);
  const bool own = is_file(root + "/" + kConfigFile);
  report.notes.push_back(concat("size of the backbone: ", own ? concat("by ", kConfigFile) : "the published one"));
  return report;
}

}  // namespace phonofilm::nava
