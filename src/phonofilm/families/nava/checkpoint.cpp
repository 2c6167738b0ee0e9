#include "phonofilm/families/nava/checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/nava/transformer.h"

namespace phonofilm::nava {
namespace {

bool has(const std::string& root, const Variant& variant) { return is_file(root + "/" + variant.file); }

}  // namespace

const std::vector<Variant>& variants() {
  static const std::vector<Variant> kVariants{{"nava", "NAVA.safetensors"}, {"nava_fp8", "NAVA_fp8.safetensors"}};
  return kVariants;
}

bool looks_like_nava(const std::string& root) {
  return std::any_of(variants().begin(), variants().end(), [&](const Variant& variant) { return has(root, variant); });
}

const Variant& choose_variant(const std::string& root, const std::string& name) {
  std::vector<std::string> names, files;
  for (const Variant& variant : variants()) {
    names.push_back(variant.name);
    files.push_back(variant.file);
    const bool wanted = name.empty() || variant.name == name;
    if (wanted && has(root, variant)) return variant;
    PF_CHECK(variant.name != name, CheckpointError, "load", root, "/", variant.file, ": the weights of variant ", name,
             " are not there");
  }
  PF_CHECK(name.empty(), InvalidRequest, "load", "unknown variant '", name, "'", did_you_mean(name, names), "; there are ",
           join(names, ", "));
  throw CheckpointError("load", concat(root, ": no weights of NAVA's backbone: none of ", join(files, ", ")));
}

std::string speaker_file(const std::string& root) {
  return !is_file(root + "/" + kSpeakerFile) && is_file(root + "/" + kSpeakerSafetensors) ? kSpeakerSafetensors : kSpeakerFile;
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

weights::TensorMap with_own_scale_names(const weights::TensorMap& tensors) {
  const std::string theirs = ".weight_scale";
  weights::TensorMap renamed;
  for (const auto& [name, tensor] : tensors) {
    const bool scale = name.ends_with(theirs);
    const std::string own = scale ? name.substr(0, name.size() - theirs.size()) + ".scale_weight" : name;
    renamed[own] = scale ? tensor.to(at::kFloat) : tensor;
  }
  return renamed;
}

families::Network backbone_network(const NavaConfig& config, const Variant& variant) {
  const at::ScalarType dtype = variant.name.ends_with("_fp8") ? at::kFloat8_e4m3fn : at::kFloat;
  return {variant.file, "backbone", dtype, std::make_unique<NavaTransformer>(config), with_own_scale_names};
}

}  // namespace phonofilm::nava
