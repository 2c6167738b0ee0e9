#include "phonofilm/pipeline/long_film.h"

#include <algorithm>

#include "phonofilm/base/error.h"
#include "phonofilm/pipeline/segment_given.h"
#include "phonofilm/pipeline/segment_voices.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::pipeline {
namespace {

// The film in the order of time: pictures go to whoever takes them or stay here, sound stays.
class Reel {
 public:
  Reel(const FilmPlan& plan, const Given& given, const std::function<void(const Tensor&)>& on_frames)
      : plan_(plan), given_(given), on_frames_(on_frames) {}

  // Pictures [first, last) and the sound from here to their end as they were given; the film's end is that of its
  // sound.
  void add_given(std::int64_t first, std::int64_t last) {
    const Clip& clip = given_.kept.clip;
    if (plan_.spec.has_video() && first < last) add_pictures(clip.frames.slice(0, first, last));
    const std::int64_t end = last == plan_.pictures ? plan_.spec.samples : plan_.sample_at(last);
    if (clip.has_audio() && samples_ < end) add_sound(clip.waveform.slice(1, samples_, end));
  }
  void add_pictures(const Tensor& frames) {
    if (frames.size(0) == 0) return;
    if (on_frames_) on_frames_(frames);
    else pictures_.push_back(frames.clone());
  }
  void add_sound(const Tensor& sound) {
    sounds_.push_back(sound.clone());
    samples_ += sound.size(1);
  }

  Clip take() {
    Clip clip{{}, plan_.fps, {}, plan_.sample_rate};
    if (!pictures_.empty()) clip.frames = at::cat(pictures_);
    if (!sounds_.empty()) clip.waveform = at::cat(sounds_, 1).slice(1, 0, plan_.spec.samples).contiguous();
    return clip;
  }

 private:
  const FilmPlan& plan_;
  const Given& given_;
  const std::function<void(const Tensor&)>& on_frames_;
  std::vector<Tensor> pictures_, sounds_;
  std::int64_t samples_ = 0;
};

class LongFilm {
 public:
  LongFilm(const families::Generator& model, const GenerateRequest& request, const Given& given, FilmPlan plan,
           const GenerateOptions& options)
      : model_(model), request_(request), given_(given), options_(options), plan_(std::move(plan)),
        result_{.request = resolve(request, model.info()), .spec = plan_.spec},
        reel_(plan_, given_, options_.on_frames) {
    PF_CHECK(options.init_noise.empty(), InvalidRequest, "generate", "the film is made in ", plan_.segments.size(),
             " segments, whose noise no file holds; leave out --init-noise");
    for (const Segment& segment : plan_.segments) {
      if (segment.kept > 0) result_.joints.push_back(double(segment.first + segment.kept) / plan_.fps);
    }
    if (options.resume) take_up(*options.resume);
  }

  // All segments; those that are finished already are only decoded.
  Generated make() {
    expect_makeable();
    begin(plan_.segments.size());
    const std::size_t finished = earlier_.size();
    for (std::size_t k = 0; k < plan_.segments.size(); ++k) add(k, k < finished ? decoded(k, earlier_[k]) : made(k));
    add_end();
    return end();
  }

  // As far as the latents go.
  Generated decode() {
    begin(earlier_.size() + 1);
    for (std::size_t k = 0; k < earlier_.size(); ++k) add(k, decoded(k, earlier_[k]));
    add(earlier_.size(), decoded(earlier_.size(), options_.resume->latent));
    if (options_.resume->finished()) add_end();
    return end();
  }

 private:
  void take_up(const SavedLatent& saved) {
    PF_CHECK(saved.segments == std::int64_t(plan_.segments.size()), InvalidRequest, "resume",
             "the latents are those of a film in ", saved.segments, " segments, this one has ", plan_.segments.size());
    SavedLatent part;
    part.model = saved.model;
    for (std::size_t k = 0; k < saved.earlier.size(); ++k) {
      part.latent = part.noise = saved.earlier[k];
      expect_fitting(part, model_, plan_.specs.at(k));
    }
    expect_fitting(saved, model_, plan_.specs.at(saved.earlier.size()));
    earlier_ = saved.earlier;
  }

  // What cannot be made of a later segment is said before the first is made.
  void expect_makeable() const {
    for (std::size_t k = 0; k < plan_.segments.size(); ++k) {
      const GenerateOptions options{.run = options_.run, .tiles = options_.tiles};
      pipeline::expect_makeable(model_, segment_request(plan_, request_, k), given_for(k), options);
    }
  }

  Given given_for(std::size_t k) const {
    Given given = segment_given(plan_, k, given_, before_);
    given.voices = segment_voices(request_, prompt_number(plan_, request_, k), given_.voices);
    return given;
  }

  void begin(std::size_t count) {
    count_ = count;
    reel_.add_given(0, plan_.segments.front().first);
    reached_ = plan_.segments[count - 1].end();
  }
  void add_end() {
    reel_.add_given(reached_, plan_.pictures);
    reached_ = plan_.pictures;
  }
  // A film that is not finished is described as far as it goes.
  Generated end() {
    result_.clip = reel_.take();
    if (result_.spec.has_video()) result_.spec.frames = reached_;
    if (result_.spec.has_audio()) result_.spec.samples = result_.clip.waveform.size(1);
    std::erase_if(result_.joints, [&](double joint) { return joint >= double(reached_) / plan_.fps; });
    return std::move(result_);
  }

  // One segment's own latents, as if it were a film of its own.
  SavedLatent saved(std::size_t k, const diffusion::JointLatent& latent, const diffusion::JointLatent& noise,
                    std::int64_t steps_done, const Given& given) const {
    return {model_.info().name(), segment_request(plan_, request_, k), plan_.specs[k], latent, noise, steps_done,
            given};
  }

  // The whole film's latents while this one is made.
  SavedLatent of_the_film(const SavedLatent& part) const {
    return {part.model, result_.request, plan_.spec, part.latent, part.noise, part.steps_done, given_,
            std::int64_t(plan_.segments.size()), earlier_, part.solver};
  }

  // Its estimate is that of the segment.
  void show_step(std::size_t k, const StepView& part) const {
    const std::int64_t each = part.steps, segments = std::int64_t(plan_.segments.size());
    options_.on_step({each * std::int64_t(k) + part.done, each * segments,
                      [this, &part] { return of_the_film(part.saved()); }, part.estimate});
  }

  Generated decoded(std::size_t k, const diffusion::JointLatent& latent) {
    const Given given = given_for(k);
    const std::int64_t steps = result_.request.all_steps();
    return pipeline::decode(model_, saved(k, latent, latent, steps, given), segment_options(k, steps));
  }

  Generated made(std::size_t k) {
    const Given given = given_for(k);
    const bool goes_on = options_.resume && options_.resume->earlier.size() == k;
    GenerateOptions options = segment_options(k, 0);
    diffusion::JointLatent finished;
    options.keep = [&](const SavedLatent& part) {
      finished = part.latent;
      options_.keep(of_the_film(part));
    };
    if (options_.on_step) options.on_step = [this, k](const StepView& part) { show_step(k, part); };
    SavedLatent interrupted;
    if (goes_on) {
      const SavedLatent& from = *options_.resume;
      interrupted = saved(k, from.latent, from.noise, from.steps_done, given);
      interrupted.solver = from.solver;
      options.resume = &interrupted;
    }
    GenerateRequest asked = segment_request(plan_, request_, k);
    if (given.voices.empty() && !given_.voices.empty()) asked.timbre_guidance = -1;  // asked for where somebody speaks
    Generated part = generate(model_, asked, given, options);
    earlier_.push_back(finished);
    return part;
  }

  // Pictures that the next segment makes its beginning of are handed on by that one.
  std::int64_t handed_on(std::size_t k) const {
    const Segment& segment = plan_.segments[k];
    return k + 1 < count_ ? plan_.segments[k + 1].first - segment.first : segment.frames;
  }

  // steps: of the segment's that are done already.
  GenerateOptions segment_options(std::size_t k, std::int64_t steps) {
    GenerateOptions options{.run = options_.run, .tiles = options_.tiles};
    const std::int64_t each = result_.request.all_steps(), all = each * std::int64_t(plan_.segments.size());
    options.observer = [this, k, each, all, done = steps](const ProgressEvent& event) mutable {
      if (event.stage == "denoise") done = event.done;
      return options_.observer(
          {"film", each * std::int64_t(k) + done, all, concat("segment ", k + 1, " of ", plan_.segments.size())});
    };
    options.on_frames = [this, left = handed_on(k)](const Tensor& frames) mutable {
      const std::int64_t count = std::min(left, frames.size(0));
      reel_.add_pictures(frames.narrow(0, 0, count));
      left -= count;
    };
    return options;
  }

  void add(std::size_t k, Generated part) {
    const Segment& segment = plan_.segments[k];
    const bool last = k + 1 == plan_.segments.size() && segment.end() == plan_.pictures;
    const std::int64_t end = plan_.sample_at(segment.first + handed_on(k)) - plan_.sample_at(segment.first);
    if (part.clip.has_audio()) reel_.add_sound(last ? part.clip.waveform : part.clip.waveform.slice(1, 0, end));
    for (const auto& [stage, seconds] : part.seconds) result_.seconds[stage] += seconds;
    for (const std::string& notice : part.notices) {
      const auto& known = result_.notices;
      if (std::find(known.begin(), known.end(), notice) == known.end()) result_.notices.push_back(notice);
    }
    before_ = std::move(part.clip);
  }

  const families::Generator& model_;
  const GenerateRequest& request_;  // as it was asked: what it leaves open, no segment is told to have been asked for
  const Given& given_;
  const GenerateOptions& options_;
  FilmPlan plan_;
  Generated result_;
  Reel reel_;
  std::vector<diffusion::JointLatent> earlier_;
  std::size_t count_ = 0;     // of the segments that this film gets
  std::int64_t reached_ = 0;  // pictures that it lasts with them
  Clip before_;               // the last of them so far
};

}  // namespace

Generated generate_film(const families::Generator& model, const GenerateRequest& request, const Given& given,
                        const GenerateOptions& options) {
  if (options.resume) expect_model(*options.resume, model);
  const FilmPlan plan = plan_film(model, resolve(request, model.info()), given);
  if (!plan.at_once) return LongFilm(model, request, given, plan, options).make();
  GenerateOptions keeping = options;
  const auto with_all = [&](SavedLatent saved) {  // that was given, also what does not fit into the film
    saved.given = given;
    return saved;
  };
  keeping.keep = [&](const SavedLatent& saved) { options.keep(with_all(saved)); };
  if (options.on_step) {
    keeping.on_step = [&](const StepView& step) {
      options.on_step({step.done, step.steps, [&] { return with_all(step.saved()); }, step.estimate});
    };
  }
  return generate(model, request, segment_given(plan, 0, given, {}), keeping);
}

Generated decode_film(const families::Generator& model, const SavedLatent& saved, const GenerateOptions& options) {
  expect_model(saved, model);
  const FilmPlan plan = plan_film(model, saved.request, saved.given);
  if (plan.at_once) {
    SavedLatent fitting = saved;
    fitting.given = segment_given(plan, 0, saved.given, {});
    return decode(model, fitting, options);
  }
  GenerateOptions from = options;
  from.resume = &saved;
  return LongFilm(model, saved.request, saved.given, plan, from).decode();
}

}  // namespace phonofilm::pipeline
