#include "phonofilm/families/nava/small_inspection.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/nava/small_model.h"
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nava {
namespace {

using families::FolderReport;
using families::PartReport;

constexpr const char* kLicence = "Apache-2.0, phonofilm's own";

// Loading in the dtype that the parts are stored in shares the mapped file, so it checks names and shapes and costs nothing.
template <class Load>
PartReport inspect(const std::string& root, const std::string& name, const std::string& folder, Load load) {
  PartReport part{.name = name, .file = folder + "/model.safetensors", .source = "phonofilm's repository, models/mini",
                  .licence = kLicence};
  return families::inspect_weights(part, root, [&](const weights::TensorMap&) {
    load(root + "/" + folder, at::kBFloat16);
    return std::vector<std::string>{};
  });
}

PartReport inspect_options(const std::string& root, SmallModelOptions& options) {
  const std::string file = "model.json";
  PartReport part = families::inspect_file({.name = "rates and statistics", .file = file, .licence = kLicence}, root);
  try {
    read_json(load_json(root + "/" + file), options.fields(), root + "/" + file);
  } catch (const Error& error) {
    part.problems.push_back(error.what());
  }
  return part;
}

// What of it fits the backbone is told of that one, which is loaded with it.
PartReport inspect_lora(const std::string& root) {
  const PartReport part{.name = "LoRA of the transformer", .file = std::string("backbone/") + kSmallLoraFile,
                        .source = "phonofilm's repository, models/mini", .licence = kLicence, .optional = true};
  return families::inspect_weights(part, root, [](const weights::TensorMap&) { return std::vector<std::string>{}; });
}

PartReport inspect_speaker(const std::string& root) {
  const PartReport part{.name = "speaker encoder", .file = kSmallSpeakerFile,
                        .source = "phonofilm's repository, recipes/mini/speaker_encoder.json (for reference voices)",
                        .licence = kLicence, .optional = true};
  return families::inspect_weights(part, root, [&](const weights::TensorMap&) {
    speaker_encoders::load_redimnet(root + "/" + kSmallSpeakerFile);
    return std::vector<std::string>{};
  });
}

// False also where the backbone cannot be read, which is told of its own part.
bool backbone_reads_voices(const std::string& root) {
  try {
    const std::string path = root + "/backbone/config.json";
    const nlohmann::json config = load_json(path);
    return config.contains("transformer") && read_nava_config(config["transformer"], path).add_spk_emb;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::optional<FolderReport> inspect_small_folder(const std::string& root) {
  if (!is_file(root + "/model.json")) return std::nullopt;
  SmallModelOptions options;
  FolderReport report{.family = "nava mini", .keeps_films = true};
  report.parts = {inspect_options(root, options),
                  inspect(root, "text encoder and transformer", "backbone",
                          [](const std::string& folder, at::ScalarType dtype) { return load_backbone(folder, dtype); }),
                  inspect(root, "video autoencoder", "video_autoencoder", autoencoders::load_video_autoencoder),
                  inspect(root, "audio autoencoder", "audio_autoencoder", autoencoders::load_mel_autoencoder),
                  inspect(root, "vocoder", "vocoder", vocoders::load_vocos)};
  if (is_file(root + "/backbone/" + kSmallLoraFile)) report.parts.push_back(inspect_lora(root));
  if (backbone_reads_voices(root)) {
    report.parts.push_back(inspect_speaker(root));
    report.takes_voices = report.parts.back().usable();
  }
  report.variants = {options.variant};
  if (report.parts[0].usable()) {
    report.films = {{.width = options.size, .height = options.size, .seconds = options.seconds, .fps = options.fps}};
  }
  return report;
}

}  // namespace phonofilm::nava
