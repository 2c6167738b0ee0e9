#include "phonofilm/pipeline/description.h"

#include <nlohmann/json.hpp>

#include "phonofilm/pipeline/kept_entry.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::pipeline {
namespace {

// The files that a film was given, and what of it was kept.
void describe_given(const Given& given, nlohmann::json& json) {
  if (!given.image_name.empty()) json["image"] = given.image_name;
  if (!given.last_image_name.empty()) json["last_image"] = given.last_image_name;
  for (const std::string& voice : given.voice_names) json["voices"].push_back(voice.empty() ? "none" : voice);
  if (given.kept.empty()) return;
  json["kept"] = {{"as", given.kept_as},
                  {"file", given.kept_name},
                  {"picture", spans_json(given.kept.video)},
                  {"sound", spans_json(given.kept.audio)}};
}

}  // namespace

nlohmann::json describe(const Generated& result, const Given& given, const families::ModelInfo& model,
                        const nn::RunContext& run, const std::string& program) {
  GenerateRequest request = result.request;
  const families::ClipSpec& spec = result.spec;
  nlohmann::json json{
      {"program", program},
      {"model", model.name()},
      {"settings", write_json(request.fields())},
      {"film", {{"frames", spec.frames}, {"height", spec.height}, {"width", spec.width}, {"samples", spec.samples}}},
      {"dtype", c10::toString(run.dtype)},
      {"seconds", result.seconds}};
  if (spec.has_audio()) json["film"]["sample_rate"] = result.clip.sample_rate;
  if (!result.joints.empty()) json["film"]["joints"] = result.joints;
  describe_given(given, json);
  return json;
}

}  // namespace phonofilm::pipeline
