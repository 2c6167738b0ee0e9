#include "phonofilm/pipeline/latent_file.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::pipeline {

void save_latent(const std::string& path, const SavedLatent& saved) {
  weights::TensorMap tensors;
  if (saved.latent.has_video()) tensors["video"] = saved.latent.video;
  if (saved.latent.has_audio()) tensors["audio"] = saved.latent.audio;
  GenerateRequest request = saved.request;
  weights::save_safetensors(path, tensors, {{"format", "phonofilm latent 1"},
                                            {"request", write_json(request.fields()).dump()},
                                            {"steps_done", std::to_string(saved.steps_done)}});
}

SavedLatent load_latent(const std::string& path) {
  const auto file = weights::SafetensorsFile::open(path);
  const auto& metadata = file.metadata();
  PF_CHECK(metadata.contains("request") && metadata.contains("steps_done"), InvalidRequest, "resume", path,
           ": not a latent that phonofilm saved");
  SavedLatent saved;
  const auto request = nlohmann::json::parse(metadata.at("request"), nullptr, /*allow_exceptions=*/false);
  read_json(request, saved.request.fields(), path + ": request");
  const std::string& steps = metadata.at("steps_done");
  const bool is_number = !steps.empty() && steps.size() < 10 && steps.find_first_not_of("0123456789") == std::string::npos;
  PF_CHECK(is_number, CheckpointError, "resume", path, ": steps_done '", steps, "' is not a number");
  saved.steps_done = std::stoll(steps);
  if (file.tensors().contains("video")) saved.latent.video = file.at("video").clone();
  if (file.tensors().contains("audio")) saved.latent.audio = file.at("audio").clone();
  return saved;
}

}  // namespace phonofilm::pipeline
