#include "phonofilm/diffusion/guidance.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::diffusion {
namespace {

void check_pass(const JointLatent& pass, const JointLatent& positive, const char* name) {
  PF_CHECK(pass.has_video() == positive.has_video() && pass.has_audio() == positive.has_audio(), ShapeError, "guidance",
           "the ", name, " pass must have the modalities of the positive pass");
}

// v = N + s (P - N).
Tensor classic(const Tensor& positive, const Tensor& negative, double scale) {
  return negative + scale * (positive - negative);
}

// v = P + s (P - N): scale 0 is no guidance here, where it is 1 in the classic form.
Tensor from_positive(const Tensor& positive, const Tensor& negative, double scale) {
  return positive + scale * (positive - negative);
}

Tensor combine_video(const GuidancePasses& p, const GuidanceScales& s) {
  if (!s.use_align) return classic(p.positive.video, p.negative.video, s.text.video);
  return from_positive(p.positive.video, p.negative.video, s.text.video) +
         s.align.video * (p.positive.video - p.align.video);
}

// Timbre is a property of the voice: it pulls on the sound alone, never on the picture.
Tensor combine_audio(const GuidancePasses& p, const GuidanceScales& s) {
  if (!s.use_align && !s.use_timbre) return classic(p.positive.audio, p.negative.audio, s.text.audio);
  Tensor v = from_positive(p.positive.audio, p.negative.audio, s.text.audio);
  if (s.use_align) v = v + s.align.audio * (p.positive.audio - p.align.audio);
  if (s.use_timbre) v = v + s.timbre * (p.positive.audio - p.timbre.audio);
  return v;
}

}  // namespace

JointLatent combine(const GuidancePasses& p, const GuidanceScales& s) {
  check_pass(p.negative, p.positive, "negative");
  if (s.use_align) check_pass(p.align, p.positive, "align");
  if (s.use_timbre) {
    PF_CHECK(p.positive.has_audio() && p.timbre.has_audio(), ShapeError, "guidance", "the timbre pass needs audio");
  }
  JointLatent result;
  if (p.positive.has_video()) result.video = combine_video(p, s);
  if (p.positive.has_audio()) result.audio = combine_audio(p, s);
  return result;
}

}  // namespace phonofilm::diffusion
