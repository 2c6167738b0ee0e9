#include "phonofilm/pipeline/description.h"

#include <nlohmann/json.hpp>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::pipeline {

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
  if (!given.image_name.empty()) json["image"] = given.image_name;
  for (const std::string& voice : given.voice_names) json["voices"].push_back(voice.empty() ? "none" : voice);
  return json;
}

}  // namespace phonofilm::pipeline
