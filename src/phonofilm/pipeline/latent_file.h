// Latents on disk, so that an interrupted film can be finished and a run can be repeated elsewhere: a safetensors file
// with tensors "video", "audio" (the latent so far), "init_video", "init_audio" (the noise that it began with) and
// "first_frame", "voice.0", "voice.1", ..., "kept_frames" and "kept_waveform" if such were given, "solver.<name>.video"
// and ".audio" (what the solver remembers), and as metadata the model's name, the settings, the names of the files that frame and voices came from, and what is kept of a given film.
#pragma once

#include "phonofilm/diffusion/sample.h"
#include "phonofilm/pipeline/request.h"

namespace phonofilm::pipeline {

struct SavedLatent {
  std::string model;        // ModelInfo::name()
  GenerateRequest request;  // resolved
  families::ClipSpec spec;
  diffusion::JointLatent latent, noise;
  std::int64_t steps_done = 0;  // of request.steps
  Given given{};
  // Of the solver after these steps: with it the film becomes the one that an undisturbed run would have made. Without
  // it (files of earlier versions) the solver starts afresh at this step.
  diffusion::SolverMemory solver{};

  bool finished() const { return steps_done == request.steps; }
};

void save_latent(const std::string& path, const SavedLatent& saved);
// Settings that the file does not name, because it is of an earlier version, are those that a request begins with.
// Throws CheckpointError for a damaged file, InvalidRequest for one that is no saved latent. Whether the latents fit a
// model is for that model to say: pipeline::expect_fitting.
SavedLatent load_latent(const std::string& path);

// The noise of any safetensors file that has "init_video" [1, C, F, H, W] or [C, F, H, W], "init_audio" [1, C, T] or,
// as publishers lay sound out, [T, C]. Both must have the shapes of the film. Throws CheckpointError.
diffusion::JointLatent load_noise(const std::string& path, const families::Generator::LatentShape& shape);

}  // namespace phonofilm::pipeline
