// From a sentence to a film. generate() in generate.cpp is the file to read first.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "phonofilm/base/progress.h"
#include "phonofilm/pipeline/latent_file.h"
#include "phonofilm/pipeline/request.h"

namespace phonofilm::pipeline {

// A film after a sampling step that is not the last. The functions hold while the observer runs, and cost nothing until
// they are called.
struct StepView {
  std::int64_t done = 0, steps = 0;
  std::function<SavedLatent()> saved;               // to go on from as if nothing had happened
  // The latent that the film (of one in segments: this segment) would end with, as far as can be told.
  std::function<diffusion::JointLatent()> estimate;
};

struct GenerateOptions {
  nn::RunContext run;
  Observer observer = ignore_progress;   // false cancels within one sampling step
  // Called with what would be lost otherwise: after a cancel, and before decoding.
  std::function<void(const SavedLatent&)> keep = [](const SavedLatent&) {};
  std::function<void(const StepView&)> on_step = {};
  const SavedLatent* resume = nullptr;   // go on from here instead of from noise
  std::string init_noise{};              // a file to take the noise from instead of drawing it (latent_file.h)
  std::function<void(const Tensor& frames)> on_frames = {};  // uint8 [n, H, W, 3], as decoding goes on
  std::optional<autoencoders::PictureTiles> tiles{};         // decode pictures so; none: exactly
};

struct Generated {
  Clip clip{};
  GenerateRequest request;                // resolved
  families::ClipSpec spec;                // the film's exact shape
  std::vector<std::string> notices{};       // for the user
  std::map<std::string, double> seconds{};  // spent per stage: "encode", "denoise", "decode"
  std::vector<double> joints{};             // of a film in segments: seconds at which a segment goes on
};

// given: a resumed run's own is SavedLatent::given. Throws InvalidRequest (bad settings, latents of another model,
// voices or tiles for a model without), Cancelled (after `keep` has been called), ShapeError, and what `keep` throws.
Generated generate(const families::Generator& model, const GenerateRequest& request, const Given& given,
                   const GenerateOptions& options);

// The film of saved latents, finished or not: what is left of the noise is seen and heard. Needs neither prompt nor
// image. Throws InvalidRequest where they are not this model's, or where it decodes no tiles.
Generated decode(const families::Generator& model, const SavedLatent& saved, const GenerateOptions& options);

// Throws what generate() throws before the first second of computing.
void expect_makeable(const families::Generator& model, const GenerateRequest& request, const Given& given,
                     const GenerateOptions& options);

// Throws InvalidRequest for latents of another model.
void expect_model(const SavedLatent& saved, const families::Generator& model);
// Throws InvalidRequest unless latents and noise are those of this model and of a film of this shape.
void expect_fitting(const SavedLatent& saved, const families::Generator& model, const families::ClipSpec& spec);

}  // namespace phonofilm::pipeline
