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

}  // namespace phonofilm::test
