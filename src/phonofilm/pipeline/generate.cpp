#include "phonofilm/pipeline/generate.h"

#include <chrono>

#include "phonofilm/base/error.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::pipeline {
namespace {

using diffusion::JointLatent;
using LatentShape = families::Generator::LatentShape;

// Picture first, then sound, from one generator on the CPU: the same film on any device.
JointLatent draw_noise(const LatentShape& shape, std::int64_t seed) {
  const at::Generator generator = make_generator(std::uint64_t(seed));
  JointLatent noise;
  if (!shape.video.empty()) noise.video = randn(shape.video, generator);
  if (!shape.audio.empty()) noise.audio = randn(shape.audio, generator);
  return noise;
}

JointLatent noise_for(const families::Generator& model, const GenerateRequest& asked, const families::ClipSpec& spec,
                      const GenerateOptions& options) {
  if (options.resume) return options.resume->noise;
  if (!options.init_noise.empty()) return load_noise(options.init_noise, model.latent_shape(spec));
  if (asked.noise == "reference") return model.reference_noise(spec, asked.seed);
  return draw_noise(model.latent_shape(spec), asked.seed);
}

// The part of the schedule that is still to be walked; a resumed run starts its solver afresh at its step.
std::vector<double> remaining(const std::vector<double>& sigmas, std::int64_t done) {
  PF_CHECK(done >= 0 && done < std::int64_t(sigmas.size()), InvalidRequest, "resume", "the saved latent is at step ", done,
           ", the schedule has ", sigmas.size() - 1, " steps");
  return {sigmas.begin() + done, sigmas.end()};
}

class StageClock {
 public:
  explicit StageClock(std::map<std::string, double>& seconds) : seconds_(seconds) {}
  void finished(const std::string& stage) {
    const auto now = std::chrono::steady_clock::now();
    seconds_[stage] = std::chrono::duration<double>(now - start_).count();
    start_ = now;
  }

 private:
  std::map<std::string, double>& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void expect_latent(const Tensor& latent, const Shape& shape, const char* modality) {
  const bool fits = shape.empty() ? !latent.defined() : latent.defined() && latent.sizes() == at::IntArrayRef(shape);
  PF_CHECK(fits, InvalidRequest, "decode", "the latents are of another model: its ", modality, " latent would be ",
           shape_text(shape), ", they have ", latent.defined() ? shape_text(latent.sizes()) : "none");
}

}  // namespace

Generated generate(const families::Generator& model, const GenerateRequest& request, const Tensor& image,
                   const GenerateOptions& options) {
  Generated result;
  StageClock clock(result.seconds);
  result.request = resolve(request, model.info());
  const GenerateRequest& asked = result.request;
  const families::ClipSpec spec = model.clip_spec(clip_request(asked, image));
  const families::Sampling sampling = sampling_of(asked, model.info());

  const families::Prompt prompt{asked.prompt, asked.negative_prompt, asked.negative_audio_prompt, image};
  const auto conditioning = model.encode(prompt, spec, options.run, options.observer);
  result.notices = conditioning->notices;
  clock.finished("encode");

  const JointLatent noise = noise_for(model, asked, spec, options);
  const std::int64_t done = options.resume ? options.resume->steps_done : 0;
  const auto velocity = model.velocity(*conditioning, sampling, options.run);
  const auto hold = [&](JointLatent& latent) { model.hold(*conditioning, latent); };
  const auto solver = diffusion::make_solver(asked.solver);
  const auto on_step = [&](std::int64_t step, const JointLatent& latent) {
    const bool go_on = options.observer({"denoise", done + step + 1, asked.steps});
    if (!go_on) options.keep({asked, spec, latent, noise, done + step + 1});
    return go_on;
  };
  const std::vector<double> sigmas = remaining(model.sigmas(sampling), done);
  const JointLatent& start = options.resume ? options.resume->latent : noise;
  const bool finished = sigmas.size() == 1;  // the film could not be written, but its latents were kept
  const JointLatent latent = finished ? start : diffusion::sample(velocity, start, sigmas, *solver, hold, on_step);
  clock.finished("denoise");

  options.keep({asked, spec, latent, noise, asked.steps});
  result.clip = model.decode(latent, spec, options.run, {options.observer, options.on_frames});
  clock.finished("decode");
  return result;
}

Generated decode(const families::Generator& model, const SavedLatent& saved, const GenerateOptions& options) {
  Generated result;
  StageClock clock(result.seconds);
  result.request = saved.request;
  const LatentShape shape = model.latent_shape(saved.spec);
  expect_latent(saved.latent.video, shape.video, "video");
  expect_latent(saved.latent.audio, shape.audio, "audio");
  result.clip = model.decode(saved.latent, saved.spec, options.run, {options.observer, options.on_frames});
  clock.finished("decode");
  return result;
}

}  // namespace phonofilm::pipeline
