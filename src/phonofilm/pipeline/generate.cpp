#include "phonofilm/pipeline/generate.h"

#include <chrono>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
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

// Guidance that was asked for and finds nothing to pull at.
void note_idle_guidance(const GenerateRequest& asked, const Given& given, std::vector<std::string>& notices) {
  const bool joint = asked.video && asked.audio;
  if (asked.timbre_guidance > 0 && (given.voices.empty() || !asked.audio)) {
    notices.push_back("--timbre-guidance has no effect on a film without reference voices");
  }
  if (!joint && (asked.align_guidance > 0 || asked.video_align_guidance > 0 || asked.audio_align_guidance > 0)) {
    notices.push_back("alignment guidance has no effect on a film of picture or sound alone");
  }
}

void expect_latent(const JointLatent& latent, const LatentShape& shape) {
  const auto expect = [](const Tensor& x, const Shape& wanted, const char* modality) {
    const bool fits = wanted.empty() ? !x.defined() : x.defined() && x.sizes() == at::IntArrayRef(wanted);
    PF_CHECK(fits, InvalidRequest, "resume", "the latents are those of another film: its ", modality, " latent would be ",
             shape_text(wanted), ", they have ", x.defined() ? shape_text(x.sizes()) : "none");
  };
  expect(latent.video, shape.video, "video");
  expect(latent.audio, shape.audio, "audio");
}

}  // namespace

void expect_fitting(const SavedLatent& saved, const families::Generator& model, const families::ClipSpec& spec) {
  PF_CHECK(saved.model == model.info().name(), InvalidRequest, "resume", "these latents were made by '", excerpt(saved.model),
           "', this model is '", model.info().name(), "'; see --model and --variant");
  for (const JointLatent& latent : {saved.latent, saved.noise}) expect_latent(latent, model.latent_shape(spec));
}

Generated generate(const families::Generator& model, const GenerateRequest& request, const Given& given,
                   const GenerateOptions& options) {
  Generated result;
  StageClock clock(result.seconds);
  result.request = resolve(request, model.info());
  const GenerateRequest& asked = result.request;
  const families::ClipSpec spec = result.spec = model.clip_spec(clip_request(asked, given.image));
  const families::Sampling sampling = sampling_of(asked, model.info());
  model.check(sampling);
  PF_CHECK(model.info().takes_voices || (given.voices.empty() && !sampling.guidance.use_timbre), InvalidRequest, "generate",
           model.info().name(), " takes no reference voices, and has no guidance towards their timbre");
  if (options.resume) expect_fitting(*options.resume, model, spec);

  const families::Prompt prompt{asked.prompt, asked.negative_prompt, asked.negative_audio_prompt, given.voices, given.image};
  const auto conditioning = model.encode(prompt, spec, options.run, options.observer);
  result.notices = conditioning->notices;
  note_idle_guidance(request, given, result.notices);
  clock.finished("encode");

  const JointLatent noise = noise_for(model, asked, spec, options);
  const std::int64_t done = options.resume ? options.resume->steps_done : 0;
  const auto velocity = model.velocity(*conditioning, sampling, options.run);
  const auto hold = [&](JointLatent& latent) { model.hold(*conditioning, latent); };
  const auto solver = diffusion::make_solver(asked.solver);
  const auto on_step = [&](std::int64_t step, const JointLatent& latent) {
    const bool go_on = options.observer({"denoise", done + step + 1, asked.steps});
    if (!go_on) options.keep({model.info().name(), asked, spec, latent, noise, done + step + 1, given});
    return go_on;
  };
  const std::vector<double> sigmas = remaining(model.sigmas(sampling), done);
  const JointLatent& start = options.resume ? options.resume->latent : noise;
  const bool finished = sigmas.size() == 1;  // the film could not be written, but its latents were kept
  const JointLatent latent = finished ? start : diffusion::sample(velocity, start, sigmas, *solver, hold, on_step);
  clock.finished("denoise");

  options.keep({model.info().name(), asked, spec, latent, noise, asked.steps, given});
  result.clip = model.decode(latent, spec, options.run, {options.observer, options.on_frames});
  clock.finished("decode");
  return result;
}

Generated decode(const families::Generator& model, const SavedLatent& saved, const GenerateOptions& options) {
  Generated result;
  StageClock clock(result.seconds);
  result.request = saved.request;
  result.spec = saved.spec;
  expect_fitting(saved, model, saved.spec);
  result.clip = model.decode(saved.latent, saved.spec, options.run, {options.observer, options.on_frames});
  clock.finished("decode");
  return result;
}

}  // namespace phonofilm::pipeline
