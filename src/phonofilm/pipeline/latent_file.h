// Latents on disk, so that an interrupted film can be finished and a run can be repeated elsewhere: a safetensors file
// with tensors "video", "audio" (the latent so far), "init_video", "init_audio" (the noise that it began with) and
// "first_frame", "last_image", "voice.0", "voice.1", ..., "kept_frames" and "kept_waveform" if such were given,
// "solver.<name>.video" and ".audio" (what the solver remembers), and as metadata the model's name, the settings, the
// names of the files that these came from, and what is kept of a given film. Of a film in segments these latents are
// those of the segment that is being made; "segment.0.video", "segment.0.audio", ... are the finished ones before it.
#pragma once

#include "phonofilm/diffusion/sample.h"
#include "phonofilm/pipeline/request.h"

namespace phonofilm::pipeline {

struct SavedLatent {
  std::string model;        // ModelInfo::name()
  GenerateRequest request;  // resolved
  families::ClipSpec spec;
  diffusion::JointLatent latent, noise;
  std::int64_t steps_done = 0;  // of request.all_steps()
  Given given{};
  std::int64_t segments = 1;    // that the film is made in; request, spec and given are those of the whole
  std::vector<diffusion::JointLatent> earlier{};  // of the segments that are finished
  // Of the solver after these steps: with it the film becomes the one that an undisturbed run would have made. Without
  // it (files of earlier versions) the solver starts afresh at this step.
  diffusion::SolverMemory solver{};

  // Steps of all segments.
  std::int64_t film_steps() const { return segments * request.all_steps(); }
  std::int64_t film_steps_done() const { return std::int64_t(earlier.size()) * request.all_steps() + steps_done; }
  bool finished() const { return steps_done == request.all_steps() && std::int64_t(earlier.size()) + 1 == segments; }
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
