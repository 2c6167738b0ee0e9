#include "phonofilm/pipeline/segment_given.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::pipeline {
namespace {

using families::TimeSpan;

constexpr double kRounding = 1e-6;  // seconds

// Seconds of a segment's picture and sound, whichever last longer.
double seconds_of(const FilmPlan& plan, const families::ClipSpec& spec, const Segment& segment) {
  return std::max(double(segment.frames) / plan.fps, double(spec.samples) / double(plan.sample_rate));
}

// The part of a film's spans that lies in a segment, on its clock. What is kept to the film's end is kept to the
// segment's, whose sound may end a step later.
std::vector<TimeSpan> spans_in(const std::vector<TimeSpan>& spans, double first, double length, double film_length) {
  std::vector<TimeSpan> inside;
  for (const TimeSpan& span : spans) {
    const double begin = std::max(0.0, span.first - first);
    const double end = span.last >= film_length - kRounding ? length : std::min(length, span.last - first);
    if (end > begin + kRounding) inside.push_back({begin, end});
  }
  return inside;
}

// The spans and the first `seconds`.
std::vector<TimeSpan> with_beginning(const std::vector<TimeSpan>& spans, double seconds) {
  std::vector<TimeSpan> all{{0, seconds}};
  for (const TimeSpan& span : spans) {
    if (span.first <= all.back().last) all.back().last = std::max(all.back().last, span.last);
    else all.push_back(span);
  }
  return all;
}

// Behind `known` samples of [C, S]: they go back for a moment, so that no edge is heard in what the encoder makes of
// the known ones.
void mirror(Tensor& sound, std::int64_t known, std::int64_t sample_rate) {
  const std::int64_t count = std::min({known, sound.size(1) - known, sample_rate / 10});
  if (count > 0) sound.narrow(1, known, count).copy_(sound.narrow(1, known - count, count).flip({1}));
}

// Up to where whole latent steps lie in the first `seconds` of the sound.
double whole_steps(const FilmPlan& plan, double seconds) {
  const double steps = std::floor((seconds - plan.step_begin) / plan.step_seconds + kRounding);
  return plan.step_begin + steps * plan.step_seconds;
}

struct Part {
  const FilmPlan& plan;
  const Segment& segment;
  const families::ClipSpec& spec;
  const Clip& before;
  std::int64_t before_first;  // picture of the film with which `before` begins

  // Seconds of the segment's beginning of which `before` has the sound; it may end before its pictures do.
  double known_sound() const {
    const std::int64_t past = plan.sample_at(segment.first) - plan.sample_at(before_first);
    return double(before.waveform.size(1) - past) / double(plan.sample_rate);
  }
};

// [F, H, W, 3], of which nothing is known where neither gives pictures.
Tensor pictures_of(const Part& part, const Tensor& given) {
  const std::int64_t frames = part.segment.frames;
  Tensor pictures;
  if (given.defined()) {
    expect_shape(given, {kAny, part.spec.height, part.spec.width, 3}, "generate: given pictures");
    const Tensor places = (at::arange(frames) + part.segment.first).clamp_max(given.size(0) - 1);
    pictures = given.index_select(0, places);
  }
  if (!part.before.has_video()) return pictures;
  const Tensor known = part.before.frames.slice(0, part.segment.first - part.before_first);
  if (!pictures.defined()) pictures = known.slice(0, known.size(0) - 1).expand({frames, kAny, kAny, kAny}).clone();
  pictures.narrow(0, 0, known.size(0)).copy_(known);
  return pictures;
}

// [C, S]; goes_on: what follows what is known is to be made.
Tensor sound_of(const Part& part, const Tensor& given, bool goes_on) {
  const std::int64_t samples = part.spec.samples, first = part.plan.sample_at(part.segment.first);
  Tensor known;
  if (given.defined()) known = given.slice(1, first, first + samples);
  if (part.before.has_audio()) {
    const Tensor end = part.before.waveform.slice(1, first - part.plan.sample_at(part.before_first));
    known = known.defined() && known.size(1) > end.size(1) ? at::cat({end, known.slice(1, end.size(1))}, 1) : end;
  }
  if (!known.defined()) return {};
  known = known.slice(1, 0, samples);
  Tensor sound = at::constant_pad_nd(known, {0, samples - known.size(1)}, 0);
  if (goes_on) mirror(sound, known.size(1), part.plan.sample_rate);
  return sound;
}

// Its latent frame, the segment's last, has as many pictures as every other: it stands still for that long.
void add_last_image(families::KeptFilm& kept, const Tensor& image, const Part& part, std::int64_t patch) {
  expect_shape(image, {part.spec.height, part.spec.width, 3}, "generate: last image");
  const std::int64_t frames = part.segment.frames, first = frames - patch;
  if (!kept.clip.has_video()) kept.clip.frames = image.expand({frames, kAny, kAny, kAny}).clone();
  kept.clip.frames = kept.clip.frames.clone();
  kept.clip.frames.narrow(0, first, patch).copy_(image.unsqueeze(0).expand({patch, kAny, kAny, kAny}));
  std::erase_if(kept.video, [&](const TimeSpan& span) { return span.first >= double(first) / part.plan.fps; });
  if (!kept.video.empty()) kept.video.back().last = std::min(kept.video.back().last, double(first) / part.plan.fps);
  kept.video.push_back({double(first) / part.plan.fps, double(frames) / part.plan.fps});
}

}  // namespace

Given segment_given(const FilmPlan& plan, std::size_t k, const Given& given, const Clip& before) {
  const Segment& segment = plan.segments[k];
  const families::ClipSpec& spec = plan.specs[k];
  const Part part{plan, segment, spec, before, k > 0 ? plan.segments[k - 1].first : 0};
  const double first = double(segment.first) / plan.fps, length = seconds_of(plan, spec, segment);
  const auto cut = [&](const std::vector<TimeSpan>& spans) { return spans_in(spans, first, length, plan.seconds()); };
  Given own = given;
  if (segment.first > 0) own.image = Tensor();
  families::KeptFilm kept{{{}, plan.fps, {}, plan.sample_rate}, cut(given.kept.video), cut(given.kept.audio)};
  if (!spec.has_video()) kept.video.clear();
  if (!spec.has_audio()) kept.audio.clear();
  const double overlap = before.has_video() || before.has_audio() ? double(segment.kept) / plan.fps : 0;
  if (overlap > 0 && spec.has_video()) kept.video = with_beginning(kept.video, overlap);
  // Whole latent steps: where those end that are held, both sounds are the same, so that the fade is not heard.
  const double whole = before.has_audio() ? whole_steps(plan, std::min(overlap, part.known_sound())) : 0;
  if (whole > 0) kept.audio = with_beginning(kept.audio, whole);
  if (!kept.video.empty()) kept.clip.frames = pictures_of(part, given.kept.clip.frames);
  const bool goes_on = kept.audio.empty() || kept.audio.back().last < length - kRounding;
  if (!kept.audio.empty()) kept.clip.waveform = sound_of(part, given.kept.clip.waveform, goes_on);
  const bool ends_film = k + 1 == plan.segments.size() && spec.has_video();
  own.last_image = Tensor();
  if (given.last_image.defined() && ends_film) add_last_image(kept, given.last_image, part, plan.patch);
  own.kept = std::move(kept);
  return own;
}

}  // namespace phonofilm::pipeline
