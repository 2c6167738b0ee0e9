#include "phonofilm/families/nava/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/nava/transformer.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nava {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCheckpointFile = "NAVA.ckpt";

bool has(const std::string& root, const Variant& variant) { return is_file(root + "/" + variant.file); }

// The names of all files of the folder that end so.
std::vector<std::string> files_ending(const std::string& root, const char* ending) {
  std::vector<std::string> names;
  std::error_code unreadable;
  for (const fs::directory_entry& entry : fs::directory_iterator(root, unreadable)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(ending) && is_file(entry.path().string())) names.push_back(name);
  }
  return names;
}

// Other models' checkpoints have that ending too.
std::string checkpoint_file(const std::string& root) {
  const std::vector<std::string> found = files_ending(root, ".ckpt");
  const bool own_folder = is_file(root + "/" + kSoundFile) || is_file(root + "/" + kConfigFile);
  const bool named = std::find(found.begin(), found.end(), kCheckpointFile) != found.end();
  return !named && own_folder && found.size() == 1 ? found[0] : kCheckpointFile;
}

bool has_prefix(const weights::TensorMap& tensors, const std::string& prefix) {
  const auto found = tensors.lower_bound(prefix);
  return found != tensors.end() && found->first.starts_with(prefix);
}

// What stands before the names of the backbone's tensors.
std::string prefix_in(const weights::TensorMap& tensors) {
  const std::string outer = has_prefix(tensors, "state_dict.") ? "state_dict." : "";
  return has_prefix(tensors, outer + kBackbonePrefix) ? outer + kBackbonePrefix : outer;
}

}  // namespace

const std::vector<Variant>& published_variants() {
  static const std::vector<Variant> kVariants{{"nava", "NAVA.safetensors"}, {"nava_fp8", "NAVA_fp8.safetensors"}};
  return kVariants;
}

std::vector<Variant> variants(const std::string& root) {
  std::vector<Variant> all = published_variants();
  all.push_back({kCheckpointVariant, checkpoint_file(root)});
  return all;
}

bool looks_like_nava(const std::string& root) {
  const std::vector<Variant> all = variants(root);
  return std::any_of(all.begin(), all.end(), [&](const Variant& variant) { return has(root, variant); });
}

Variant choose_variant(const std::string& root, const std::string& name) {
  std::vector<std::string> names, files;
  for (const Variant& variant : variants(root)) {
    names.push_back(variant.name);
    files.push_back(variant.file);
    const bool wanted = name.empty() || variant.name == name;
    if (wanted && has(root, variant)) return variant;
    const bool several = variant.name == kCheckpointVariant && files_ending(root, ".ckpt").size() > 1;
    PF_CHECK(variant.name != name, CheckpointError, "load", root, "/", variant.file, ": the weights of variant ", name,
             " are not there", several ? "; of several .ckpt files the one to read must have that name" : "");
  }
  PF_CHECK(name.empty(), InvalidRequest, "load", "unknown variant '", name, "'", did_you_mean(name, names),
           "; there are ", join(names, ", "));
  throw CheckpointError("load", concat(root, ": no weights of NAVA's backbone: none of ", join(files, ", ")));
}

std::string speaker_file(const std::string& root) {
  return !is_file(root + "/" + kSpeakerFile) && is_file(root + "/" + kSpeakerSafetensors) ? kSpeakerSafetensors
                                                                                          : kSpeakerFile;
}

void require(const std::string& root, const std::vector<std::string>& files) {
  std::vector<std::string> missing;
  for (const std::string& file : files) {
    if (!is_file(root + "/" + file)) missing.push_back(file);
  }
  PF_CHECK(missing.empty(), CheckpointError, "load", root, ": ", missing.size(), " parts of NAVA are missing:\n  ",
           join(missing, "\n  "), "\n`phonofilm inspect ", root, "` says where they come from");
}

NavaConfig read_backbone_config(const std::string& root) {
  const std::string path = root + "/" + kConfigFile;
  return read_nava_config(families::optional_json(path), path);
}

weights::TensorMap with_own_names(const weights::TensorMap& tensors, const std::string& file) {
  const std::string theirs = ".weight_scale", prefix = prefix_in(tensors);
  weights::TensorMap renamed;
  std::string float8;  // a matrix that wants a scale
  bool scaled = false;
  for (auto entry = tensors.lower_bound(prefix); entry != tensors.end() && entry->first.starts_with(prefix); ++entry) {
    const std::string name = kBackbonePrefix + entry->first.substr(prefix.size());
    const bool scale = name.ends_with(theirs);
    const std::string own = scale ? name.substr(0, name.size() - theirs.size()) + ".scale_weight" : name;
    renamed[own] = entry->second;
    if (entry->second.scalar_type() == at::kFloat8_e4m3fn) float8 = entry->first;
    scaled = scaled || scale;
  }
  PF_CHECK(float8.empty() || scaled, CheckpointError, "load", file, ": its float8 matrices, \"", float8,
           "\" among them, have no scales");
  if (scaled) renamed[phonofilm::concat(kBackbonePrefix, "scaled_fp8")] = at::zeros({1}, at::kFloat);
  return renamed;
}

families::Network backbone_network(const NavaConfig& config, const Variant& variant) {
  const at::ScalarType dtype = variant.name.ends_with("_fp8") ? at::kFloat8_e4m3fn : at::kFloat;
  const auto by_own_names = [file = variant.file](const weights::TensorMap& tensors) {
    return with_own_names(tensors, file);
  };
  return {variant.file, "backbone", dtype, std::make_unique<NavaTransformer>(config), by_own_names};
}

}  // namespace phonofilm::nava
