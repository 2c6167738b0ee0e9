#include "phonofilm/pipeline/film_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"

namespace phonofilm::pipeline {
namespace {

constexpr double kRounding = 1e-6;  // pictures: times are products of decimals

using families::TimeSpan;

double kept_from_start(const std::vector<TimeSpan>& spans) {
  return spans.empty() || spans.front().first > 0 ? 0 : spans.front().last;
}

// Where what is kept up to the end begins.
double kept_to_end(const std::vector<TimeSpan>& spans, double end) {
  return spans.empty() || spans.back().last < end ? end : spans.back().first;
}

// Pictures [first, last) hold all that is not given in every modality that is asked for.
struct OpenPart {
  std::int64_t first = 0, last = 0;
};

OpenPart open_part(const GenerateRequest& r, const families::KeptFilm& kept, double fps) {
  double first = std::numeric_limits<double>::max(), last = 0;
  for (const auto& [wanted, spans] : {std::pair{r.video, &kept.video}, std::pair{r.audio, &kept.audio}}) {
    if (!wanted) continue;
    first = std::min(first, kept_from_start(*spans));
    last = std::max(last, kept_to_end(*spans, r.seconds));
  }
  first = std::min(first, r.seconds);
  return {std::int64_t(std::floor(first * fps + kRounding)), std::int64_t(std::ceil(last * fps - kRounding))};
}

// Pictures of every latent frame but the first.
std::int64_t patch_of(const families::Generator& model, const families::ClipSpec& spec) {
  const std::int64_t latents = spec.has_video() ? model.latent_shape(spec).video[2] : 1;
  return latents > 1 ? (spec.frames - 1) / (latents - 1) : 1;
}

SegmentRules rules_of(const families::Generator& model, const GenerateRequest& r, const Given& given) {
  const families::ModelInfo& info = model.info();
  families::ClipRequest longest = clip_request(r, given.image);
  longest.seconds = info.max_seconds;
  longest.video = true;
  const families::ClipSpec spec = model.clip_spec(longest);
  SegmentRules rules;
  rules.patch = patch_of(model, spec);
  rules.longest = length_below(rules, info.max_seconds * info.fps);
  rules.shortest = length_above(rules, info.min_seconds * info.fps);
  const double overlap = r.overlap > 0 ? r.overlap * info.fps : double(rules.longest) / 3;
  rules.overlap = nearest_length(rules, overlap);
  PF_CHECK(rules.overlap < rules.longest, InvalidRequest, "generate", "an overlap of ", r.overlap,
           " s: segments of ", double(rules.longest) / info.fps, " s, as long as ", info.name(),
           " makes them, cannot begin with so much of what is there");
  return rules;
}

std::int64_t whole_length(const SegmentRules& rules, std::int64_t begin, const GenerateRequest& r,
                          const families::ModelInfo& info) {
  const double pictures = r.seconds * info.fps;
  const double made = (pictures - double(begin)) / info.fps, longest = std::max(kLongestSeconds, info.max_seconds);
  PF_CHECK(made <= longest + kRounding, InvalidRequest, "generate", "films of up to ", longest,
           " seconds are made, asked for ", made);
  if (begin == 0) return nearest_length(rules, pictures);
  return begin + std::llround((pictures - double(begin)) / double(rules.patch)) * rules.patch;
}

// The whole film's shape, from those of its segments. A film of which a moment is made again keeps its length.
families::ClipSpec whole_spec(const FilmPlan& plan, const GenerateRequest& r, const Given& given) {
  families::ClipSpec spec = plan.specs.front();
  spec.frames = r.video ? plan.pictures : 0;
  if (!r.audio) return spec;
  const bool keeps_length = given.retake && given.kept.clip.has_audio();
  spec.samples = keeps_length ? given.kept.clip.waveform.size(1)
                              : plan.sample_at(plan.segments.back().first) + plan.specs.back().samples;
  return spec;
}

void add_specs(FilmPlan& plan, const families::Generator& model, const GenerateRequest& r, const Given& given) {
  for (const Segment& segment : plan.segments) {
    families::ClipRequest part = clip_request(r, given.image);
    part.seconds = double(segment.frames) / plan.fps;
    plan.specs.push_back(model.clip_spec(part));
  }
  const families::ClipSpec& spec = plan.specs.front();
  plan.sample_rate = spec.sample_rate > 0 ? spec.sample_rate : model.info().sample_rate;
}

FilmPlan planned_at_once(const families::Generator& model, const GenerateRequest& r, const Given& given) {
  FilmPlan plan{.at_once = true, .fps = model.info().fps};
  plan.spec = model.clip_spec(clip_request(r, given.image));
  plan.pictures = r.video ? plan.spec.frames : std::llround(r.seconds * plan.fps);
  plan.segments = {{0, plan.pictures, 0}};
  plan.specs = {plan.spec};
  plan.sample_rate = plan.spec.sample_rate > 0 ? plan.spec.sample_rate : model.info().sample_rate;
  plan.patch = patch_of(model, plan.spec);
  return plan;
}

// Sound alone may be longer than a film; by how much is known to clip_spec() only.
bool takes_length(const families::Generator& model, const GenerateRequest& r) {
  if (r.latent_frames > 0 || r.seconds <= model.info().max_seconds + kRounding) return true;
  if (r.video) return false;
  try {
    model.clip_spec(clip_request(r, {}));
    return true;
  } catch (const InvalidRequest&) {
    return false;
  }
}

void expect_prompts_used(const FilmPlan& plan, const GenerateRequest& r) {
  PF_CHECK(r.then.size() < plan.segments.size(), InvalidRequest, "generate", r.then.size() + 1,
           " prompts for a film that is made in ", plan.segments.size(),
           plan.segments.size() == 1 ? " piece" : " segments", "; leave some out, or ask for a longer film");
}

}  // namespace

std::int64_t FilmPlan::sample_at(std::int64_t picture) const {
  return std::llround(double(picture) / fps * double(sample_rate));
}

double FilmPlan::seconds() const {
  return std::max(double(pictures) / fps, sample_rate > 0 ? double(spec.samples) / double(sample_rate) : 0);
}

FilmPlan plan_film(const families::Generator& model, const GenerateRequest& r, const Given& given) {
  const families::ModelInfo& info = model.info();
  const OpenPart open = open_part(r, given.kept, info.fps);
  const bool fits = takes_length(model, r);
  const bool at_once = !info.keeps_films || (fits && open.first == 0 && !given.retake);
  FilmPlan plan{.fps = info.fps, .step_seconds = info.step_seconds, .step_begin = info.step_begin};
  if (at_once) {
    plan = planned_at_once(model, r, given);
  } else {
    const SegmentRules rules = rules_of(model, r, given);
    plan.pictures = given.retake ? std::llround(r.seconds * info.fps) : whole_length(rules, open.first, r, info);
    PF_CHECK(open.first < plan.pictures, InvalidRequest, "generate", "nothing is left to be made: the film that is ",
             "given lasts as long as the one that is asked for");
    if (given.retake) plan.segments = {plan_window(rules, open.first, open.last, plan.pictures)};
    else plan.segments = plan_segments(rules, open.first, plan.pictures);
    plan.patch = rules.patch;
    add_specs(plan, model, r, given);
    plan.spec = whole_spec(plan, r, given);
  }
  expect_prompts_used(plan, r);
  return plan;
}

double seconds_of_addition(const families::Generator& model, const GenerateRequest& request) {
  const SegmentRules rules = rules_of(model, request, {});
  return double(rules.longest - rules.overlap) / model.info().fps;
}

std::size_t prompt_number(const FilmPlan& plan, const GenerateRequest& request, std::size_t k) {
  return k * (request.then.size() + 1) / plan.segments.size();
}

GenerateRequest segment_request(const FilmPlan& plan, const GenerateRequest& request, std::size_t k) {
  GenerateRequest part = request;
  part.then.clear();
  if (plan.at_once) return part;
  const std::size_t number = prompt_number(plan, request, k);
  if (number > 0) part.prompt = request.then[number - 1];
  if (plan.specs[k].has_video()) {  // also where the first picture, which sets the film's, is not given
    part.height = plan.specs[k].height, part.width = plan.specs[k].width;
    part.exact_size = true;
  }
  part.seconds = double(plan.segments[k].frames) / plan.fps;
  // 53 bits, so that settings keep it exactly.
  if (k > 0) part.seed = std::int64_t(mix_seed(std::uint64_t(request.seed), "segment", k) >> 11);
  return part;
}

}  // namespace phonofilm::pipeline
