// Latents on disk, so that an interrupted film can be finished: a safetensors file with the settings as metadata.
#pragma once

#include "phonofilm/pipeline/request.h"

namespace phonofilm::pipeline {

struct SavedLatent {
  GenerateRequest request;  // resolved
  diffusion::JointLatent latent;
  std::int64_t steps_done = 0;  // of request.steps
};

void save_latent(const std::string& path, const SavedLatent& saved);
// Throws CheckpointError for a damaged file, InvalidRequest for one that is no saved latent.
SavedLatent load_latent(const std::string& path);

}  // namespace phonofilm::pipeline
