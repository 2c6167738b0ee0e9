// What a user asks for. The field list drives the command line, JSON and what is embedded in films.
#pragma once

#include "phonofilm/base/fields.h"
#include "phonofilm/families/generator.h"

namespace phonofilm::pipeline {

struct GenerateRequest {
  std::string prompt;
  std::string negative_prompt;   // what to stay away from; empty: "no text"
  double seconds = 0;            // 0: the model's default
  std::int64_t height = 0, width = 0;
  bool video = true, audio = true;
  std::int64_t seed = 0;
  std::int64_t steps = 0;        // 0: the model's default
  std::string solver = "default";
  double shift = 0;              // of the sigma schedule; 0: the model's default
  double text_guidance = -1;     // of both modalities; -1: the model's default per modality
  double align_guidance = -1;    // pull towards what picture and sound say together; 0 switches its pass off
  Fields fields();
};

// What can be refused without knowing the model: throws InvalidRequest for an empty prompt, unbalanced <S> ... <E> marks
// or values out of range.
void check(const GenerateRequest& request);

// The request, checked, with the model's defaults filled in.
GenerateRequest resolve(const GenerateRequest& request, const families::ModelInfo& model);

diffusion::GuidanceScales guidance_scales(const GenerateRequest& resolved, const families::ModelInfo& model);

}  // namespace phonofilm::pipeline
