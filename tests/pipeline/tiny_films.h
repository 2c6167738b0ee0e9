// Requests and films on the tiny model.
#pragma once

#include "phonofilm/families/registry.h"
#include "phonofilm/pipeline/generate.h"
#include "pipeline/tiny_model.h"
#include "support/support.h"

namespace phonofilm::test {

inline pipeline::GenerateRequest tiny_request(const std::string& prompt = "a red ball falls") {
  pipeline::GenerateRequest r;
  r.prompt = prompt;
  r.seed = 5;
  return r;
}

inline Clip make(const families::Generator& model, const pipeline::GenerateRequest& r, const Tensor& image = {}) {
  return pipeline::generate(model, r, {image}, {}).clip;
}

// The film that saved latents become when they are gone on with.
inline Clip gone_on(const families::Generator& model, const pipeline::SavedLatent& saved) {
  pipeline::GenerateOptions options;
  options.resume = &saved;
  return pipeline::generate(model, saved.request, saved.given, options).clip;
}

inline bool same_film(const Clip& a, const Clip& b) {
  return at::equal(a.frames, b.frames) && at::equal(a.waveform, b.waveform);
}

}  // namespace phonofilm::test
