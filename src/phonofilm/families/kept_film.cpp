#include "phonofilm/families/kept_film.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::families {
namespace {

constexpr double kRounding = 1e-6;  // seconds

bool covers(const std::vector<TimeSpan>& spans, double time) {
  return std::any_of(spans.begin(), spans.end(), [&](const TimeSpan& s) { return time >= s.first && time < s.last; });
}

// Whether seconds [first, last) all lie in one of the spans.
bool covers_all(const std::vector<TimeSpan>& spans, double first, double last) {
  return std::any_of(spans.begin(), spans.end(), [&](const TimeSpan& s) {
    return first >= s.first - kRounding && last <= s.last + kRounding;
  });
}

// Whether pictures [first, first + count) all lie in what is kept.
bool covers_pictures(const KeptFilm& film, std::int64_t first, std::int64_t count, double fps) {
  for (std::int64_t picture = first; picture < first + count; ++picture) {
    if (!covers(film.video, (double(picture) + 0.5) / fps)) return false;
  }
  return true;
}

// How much of sample n is what is kept: 1 inside, 0 outside, along half a cosine within the fade at borders inside the
// film.
Tensor kept_share(const std::vector<TimeSpan>& spans, std::int64_t samples, double rate) {
  Tensor share = at::zeros({samples}, at::kDouble);
  const Tensor time = (at::arange(samples, at::kDouble) + 0.5) / rate;
  const double end = double(samples) / rate;
  for (const TimeSpan& span : spans) {
    Tensor inside = at::ones({samples}, at::kDouble);
    if (span.first > 0) inside = inside * ((time - span.first) / kFadeSeconds).clamp(0, 1);
    if (span.last < end) inside = inside * ((span.last - time) / kFadeSeconds).clamp(0, 1);
    share = at::maximum(share, inside * time.ge(span.first) * time.lt(std::max(span.last, span.first)));
  }
  return 0.5 - 0.5 * at::cos(share * M_PI);
}

void put_back_sound(const KeptFilm& film, Clip& made) {
  const Tensor& kept = film.clip.waveform;
  const bool long_enough = film.clip.has_audio() && kept.size(1) == made.waveform.size(1);
  PF_CHECK(long_enough && film.clip.sample_rate == made.sample_rate &&
               (kept.size(0) == 1 || kept.size(0) == made.waveform.size(0)),
           ShapeError, "keep", "the sound that is kept has not the shape of the film's");
  const Tensor share = kept_share(film.audio, kept.size(1), double(made.sample_rate)).to(at::kFloat);
  made.waveform = made.waveform * (1 - share) + kept * share;
}

}  // namespace

diffusion::Held held_latents(const KeptFilm& film, const LatentClock& clock) {
  Tensor frames = at::zeros({clock.frames}, at::kBool), steps = at::zeros({clock.steps}, at::kBool);
  for (std::int64_t k = 0; k < clock.frames; ++k) {
    const std::int64_t first = k == 0 ? 0 : (k - 1) * clock.frame_patch + 1, count = k == 0 ? 1 : clock.frame_patch;
    if (covers_pictures(film, first, count, clock.fps)) frames[k] = true;
  }
  for (std::int64_t k = 0; k < clock.steps; ++k) {
    const double begin = clock.step_begin + double(k) * clock.step_seconds;
    if (covers_all(film.audio, std::max(0.0, begin), begin + clock.step_seconds)) steps[k] = true;
  }
  return {diffusion::spans_of(frames), diffusion::spans_of(steps)};
}

Tensor with_kept_pictures(const KeptFilm& film, const Tensor& frames, std::int64_t first, double fps) {
  const Tensor& kept = film.clip.frames;
  PF_CHECK(kept.defined() && kept.sizes().slice(1) == frames.sizes().slice(1) && first + frames.size(0) <= kept.size(0),
           ShapeError, "keep", "the pictures that are kept have not the shape of the film's");
  Tensor whole = frames.clone();
  for (std::int64_t i = 0; i < frames.size(0); ++i) {
    if (covers_pictures(film, first + i, 1, fps)) whole[i].copy_(kept[first + i]);
  }
  return whole;
}

void put_back(const KeptFilm& film, Clip& made) {
  if (!film.video.empty() && made.has_video()) made.frames = with_kept_pictures(film, made.frames, 0, made.fps);
  if (!film.audio.empty() && made.has_audio()) put_back_sound(film, made);
}

}  // namespace phonofilm::families
