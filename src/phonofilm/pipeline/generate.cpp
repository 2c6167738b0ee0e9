#include "phonofilm/pipeline/generate.h"

#include <chrono>

#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/families/held_latents.h"
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

// Of the sound alone, when it is made again.
Tensor draw_sound_noise(const LatentShape& shape, std::int64_t seed) {
  return randn(shape.audio, make_generator(mix_seed(std::uint64_t(seed), "sound")));
}

// Passes velocities on and keeps the newest data prediction that follows from them.
struct WatchedVelocity {
  diffusion::VelocityFn velocity;
  JointLatent latent{}, last{};
  double sigma = 0;

  JointLatent operator()(const JointLatent& at, double level) {
    latent = at, sigma = level;
    return last = velocity(at, level);
  }
  JointLatent estimate() const {
    return diffusion::map([&](const Tensor& x, const Tensor& v) { return x - sigma * v.to(at::kFloat); }, latent, last);
  }
};

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

// What was asked for and finds nothing to work on. The model's own values are nobody's wish, also where they stand in
// a resumed film's request.
void note_idle_settings(const GenerateRequest& asked, const Given& given, const families::Sampling& own,
                        std::vector<std::string>& notices) {
  const bool joint = asked.video && asked.audio;
  const diffusion::GuidanceScales& scales = own.guidance;
  const auto wished = [](double value, double usual) { return value > 0 && value != usual; };
  if (wished(asked.timbre_guidance, scales.timbre) && (given.voices.empty() || !asked.audio)) {
    notices.push_back("timbre guidance has no effect on a film without reference voices");
  }
  if (!joint && (asked.align_guidance > 0 || wished(asked.video_align_guidance, scales.align.video) ||
                 wished(asked.audio_align_guidance, scales.align.audio))) {
    notices.push_back("alignment guidance has no effect on a film of picture or sound alone");
  }
  if (!joint && wished(double(asked.sound_steps), double(own.sound_steps))) {
    notices.push_back("further steps for the sound have no effect on a film of picture or sound alone");
  }
}

void expect_latent(const JointLatent& latent, const LatentShape& shape) {
  const auto expect = [](const Tensor& x, const Shape& wanted, const char* modality) {
    const bool fits = wanted.empty() ? !x.defined() : x.defined() && x.sizes() == at::IntArrayRef(wanted);
    PF_CHECK(fits, InvalidRequest, "resume", "the latents are those of another film: its ", modality,
             " latent would be ", shape_text(wanted), ", they have ", x.defined() ? shape_text(x.sizes()) : "none");
  };
  expect(latent.video, shape.video, "video");
  expect(latent.audio, shape.audio, "audio");
}

void expect_tiles(const families::Generator& model, const GenerateOptions& options) {
  PF_CHECK(!options.tiles || model.info().tiles_pictures, InvalidRequest, "generate", model.info().name(),
           " does not decode pictures in tiles; leave out --vae-tiling");
}

// Decodes; what is kept of a given film takes its place again, also in the pictures that are handed on meanwhile.
Clip decode_keeping(const families::Generator& model, const JointLatent& latent, const families::ClipSpec& spec,
                    const families::KeptFilm& kept, const GenerateOptions& options) {
  families::DecodeHooks hooks{options.observer, options.on_frames, options.tiles};
  if (options.on_frames && !kept.video.empty()) {
    hooks.on_frames = [&, first = std::int64_t(0)](const Tensor& frames) mutable {
      options.on_frames(families::with_kept_pictures(kept, frames, first, model.info().fps));
      first += frames.size(0);
    };
  }
  Clip clip = model.decode(latent, spec, options.run, hooks);
  families::put_back(kept, clip);
  return clip;
}

// A film that is to be made, after everything has been refused that can be refused before the first second of
// computing.
struct Work {
  const families::Generator& model;
  const Given& given;
  const GenerateOptions& options;
  GenerateRequest asked;  // resolved
  families::ClipSpec spec;
  families::Sampling sampling;
};

families::Prompt prompt_of(const Work& work) {
  const GenerateRequest& r = work.asked;
  const Given& given = work.given;
  return {r.prompt, r.negative_prompt, r.negative_audio_prompt, given.voices, given.image, given.kept};
}

Work checked_work(const families::Generator& model, const GenerateRequest& request, const Given& given,
                  const GenerateOptions& options) {
  const families::ModelInfo& info = model.info();
  const GenerateRequest asked = resolve(request, info);
  const Work work{
      model, given, options, asked, model.clip_spec(clip_request(asked, given.image)), sampling_of(asked, info)};
  model.check(work.sampling);
  PF_CHECK(info.takes_voices || (given.voices.empty() && !work.sampling.guidance.use_timbre), InvalidRequest,
           "generate", info.name(), " takes no reference voices, and has no guidance towards their timbre");
  PF_CHECK(info.keeps_films || (given.kept.empty() && asked.sound_steps == 0), InvalidRequest, "generate",
           info.name(), " cannot keep parts of a given film, nor a picture to make its sound again");
  expect_tiles(model, options);
  if (options.resume) expect_fitting(*options.resume, model, work.spec);
  model.check(prompt_of(work), work.spec);
  return work;
}

std::unique_ptr<families::Conditioning> encode(const Work& work) {
  return work.model.encode(prompt_of(work), work.spec, work.options.run, work.options.observer);
}

JointLatent noise_for(const Work& work) {
  const GenerateOptions& options = work.options;
  if (options.resume) return options.resume->noise;
  if (!options.init_noise.empty()) return load_noise(options.init_noise, work.model.latent_shape(work.spec));
  if (work.asked.noise == "reference") return work.model.reference_noise(work.spec, work.asked.seed);
  return draw_noise(work.model.latent_shape(work.spec), work.asked.seed);
}

SavedLatent saved(const Work& work, const JointLatent& latent, const JointLatent& noise, std::int64_t steps_done) {
  return {work.model.info().name(), work.asked, work.spec, latent, noise, steps_done, work.given};
}

// One of the ways from noise to data that a film takes: the joint one, and where its sound is made again a second.
struct Walk {
  families::Sampling sampling;
  std::int64_t before = 0;             // steps of the film before it
  const SavedLatent* resume = nullptr;  // within it
};

// The steps of the schedule that are not walked any more: those before a saved latent without its solver's memory.
std::int64_t left_out(const Walk& walk) {
  return walk.resume && walk.resume->solver.empty() ? walk.resume->steps_done - walk.before : 0;
}

// A latent between two steps, in which solvers move what is held, too.
JointLatent with_held(const families::Conditioning& conditioning, const JointLatent& latent) {
  JointLatent copy = diffusion::map([](const Tensor& x) { return x.clone(); }, latent);
  conditioning.clean.impose_on(copy);
  return copy;
}

// Walks what is left of a schedule.
JointLatent walk_on(const Work& work, const families::Conditioning& conditioning, const Walk& walk,
                    const JointLatent& start, const JointLatent& noise) {
  const GenerateOptions& options = work.options;
  const std::int64_t skipped = left_out(walk), all = work.asked.all_steps();
  std::vector<double> sigmas = work.model.sigmas(walk.sampling);
  sigmas.erase(sigmas.begin(), sigmas.begin() + skipped);
  diffusion::SampleStart from;
  if (walk.resume) from = {walk.resume->steps_done - walk.before - skipped, walk.resume->solver};
  WatchedVelocity velocity{work.model.velocity(conditioning, walk.sampling, options.run)};
  const auto solver = diffusion::make_solver(work.asked.solver, std::uint64_t(work.asked.seed));
  const auto hold = [&](JointLatent& latent) { conditioning.clean.impose_on(latent); };
  const auto on_step = [&](std::int64_t step, const JointLatent& latent) {
    const std::int64_t done = walk.before + skipped + step + 1;
    const auto present = [&] {
      SavedLatent now = saved(work, with_held(conditioning, latent), noise, done);
      now.solver = solver->memory();
      return now;
    };
    const bool go_on = options.observer({"denoise", done, all});
    if (!go_on) options.keep(present());
    if (go_on && options.on_step && done < all) {
      options.on_step({done, all, present, [&] { return with_held(conditioning, velocity.estimate()); }});
    }
    return go_on;
  };
  return diffusion::sample(std::ref(velocity), start, sigmas, *solver, hold, on_step, from);
}

// Picture and sound together; then, where it is asked for, the sound once more under the picture as it has become. A
// film that could not be written, but whose latents were kept, has nothing left to walk.
JointLatent denoise(const Work& work, families::Conditioning& conditioning, const JointLatent& noise) {
  const SavedLatent* resume = work.options.resume;
  const std::int64_t joint = work.asked.steps, all = work.asked.all_steps(), done = resume ? resume->steps_done : 0;
  PF_CHECK(done >= 0 && done <= all, InvalidRequest, "resume", "the saved latent is at step ", done,
           ", the schedule has ", all, " steps");
  JointLatent latent = resume ? resume->latent : noise;
  if (done < joint) latent = walk_on(work, conditioning, {work.sampling, 0, resume}, latent, noise);
  if (joint == all || done == all) return latent;
  families::hold_picture(latent.video, conditioning.clean);
  Walk again{sound_sampling(work.sampling), joint, done > joint ? resume : nullptr};
  if (!again.resume) latent.audio = draw_sound_noise(work.model.latent_shape(work.spec), work.asked.seed);
  return walk_on(work, conditioning, again, latent, noise);
}

}  // namespace

void expect_makeable(const families::Generator& model, const GenerateRequest& request, const Given& given,
                     const GenerateOptions& options) {
  checked_work(model, request, given, options);
}

void expect_model(const SavedLatent& saved, const families::Generator& model) {
  PF_CHECK(saved.model == model.info().name(), InvalidRequest, "resume", "these latents were made by '",
           excerpt(saved.model), "', this model is '", model.info().name(), "'; see --model, --variant and --lora");
}

void expect_fitting(const SavedLatent& saved, const families::Generator& model, const families::ClipSpec& spec) {
  expect_model(saved, model);
  for (const JointLatent& latent : {saved.latent, saved.noise}) expect_latent(latent, model.latent_shape(spec));
}

Generated generate(const families::Generator& model, const GenerateRequest& request, const Given& given,
                   const GenerateOptions& options) {
  const Work work = checked_work(model, request, given, options);
  Generated result{.request = work.asked, .spec = work.spec};
  StageClock clock(result.seconds);
  const auto conditioning = encode(work);
  result.notices = conditioning->notices;
  note_idle_settings(request, given, model.info().sampling, result.notices);
  clock.finished("encode");

  const JointLatent noise = noise_for(work), latent = denoise(work, *conditioning, noise);
  clock.finished("denoise");

  try {
    options.keep(saved(work, latent, noise, work.asked.all_steps()));
  } catch (const ResourceError& error) {  // the film itself may find room
    result.notices.push_back(concat("the latents could not be saved before they were decoded: ", error.what()));
  }
  result.clip = decode_keeping(model, latent, work.spec, given.kept, options);
  clock.finished("decode");
  return result;
}

Generated decode(const families::Generator& model, const SavedLatent& saved, const GenerateOptions& options) {
  expect_fitting(saved, model, saved.spec);
  expect_tiles(model, options);
  Generated result{.request = saved.request, .spec = saved.spec};
  StageClock clock(result.seconds);
  result.clip = decode_keeping(model, saved.latent, saved.spec, saved.given.kept, options);
  clock.finished("decode");
  return result;
}

}  // namespace phonofilm::pipeline
