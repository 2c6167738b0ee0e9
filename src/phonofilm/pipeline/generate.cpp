#include "phonofilm/pipeline/generate.h"

#include <chrono>

#include "phonofilm/base/error.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"

namespace phonofilm::pipeline {
namespace {

using diffusion::JointLatent;

// Picture first, then sound, from one generator on the CPU: the same film on any device.
JointLatent draw_noise(const families::Generator::LatentShape& shape, std::int64_t seed) {
  const at::Generator generator = make_generator(std::uint64_t(seed));
  JointLatent noise;
  if (!shape.video.empty()) noise.video = randn(shape.video, generator);
  if (!shape.audio.empty()) noise.audio = randn(shape.audio, generator);
  return noise;
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

}  // namespace

Generated generate(const families::Generator& model, const GenerateRequest& request, const Tensor& image,
                   const GenerateOptions& options) {
  Generated result;
  StageClock clock(result.seconds);
  result.request = resolve(request, model.info());
  const GenerateRequest& asked = result.request;
  const families::ClipSpec spec = model.clip_spec(clip_request(asked, image));
  const families::Sampling sampling = sampling_of(asked, model.info());

  const auto conditioning = model.encode({asked.prompt, asked.negative_prompt, asked.negative_audio_prompt, image}, spec, options.run);
  result.notices = conditioning->notices;
  clock.finished("encode");

  const std::int64_t done = options.resume ? options.resume->steps_done : 0;
  const JointLatent start = options.resume ? options.resume->latent : draw_noise(model.latent_shape(spec), asked.seed);
  const auto velocity = model.velocity(*conditioning, sampling, options.run);
  const auto hold = [&](JointLatent& latent) { model.hold(*conditioning, latent); };
  const auto solver = diffusion::make_solver(asked.solver);
  const auto on_step = [&](std::int64_t step, const JointLatent& latent) {
    const bool go_on = options.observer({"denoise", done + step + 1, asked.steps});
    if (!go_on) options.keep({asked, latent, done + step + 1});
    return go_on;
  };
  const std::vector<double> sigmas = remaining(model.sigmas(sampling), done);
  const bool finished = sigmas.size() == 1;  // the film could not be written, but its latents were kept
  const JointLatent latent = finished ? start : diffusion::sample(velocity, start, sigmas, *solver, hold, on_step);
  clock.finished("denoise");

  options.keep({asked, latent, asked.steps});
  result.clip = model.decode(latent, spec, options.run);
  clock.finished("decode");
  return result;
}

}  // namespace phonofilm::pipeline
