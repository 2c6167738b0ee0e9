#include "phonofilm/diffusion/guidance.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::diffusion {
namespace {

void check_pass(const JointLatent& pass, const JointLatent& positive, const char* name) {
  PF_CHECK(pass.has_video() == positive.has_video() && pass.has_audio() == positive.has_audio(), ShapeError, "guidance",
           "the ", name, " pass must have the modalities of the positive pass");
}

// Timbre is a property of the voice: it pulls on the sound alone, never on the picture.
Tensor add_timbre(const Tensor& audio, const GuidancePasses& p, const GuidanceScales& s) {
  return audio + s.timbre * (p.positive.audio - p.timbre.audio);
}

// v = N + s (P - N).
Tensor classic(const Tensor& positive, const Tensor& negative, double scale) {
  return negative + scale * (positive - negative);
}

// v = P + s_text (P - N) + s_align (P - A): scale 0 is no guidance here, where it is 1 in the classic form.
Tensor factorised(const Tensor& positive, const Tensor& negative, const Tensor& align, double text, double align_scale) {
  const Tensor guided = positive + text * (positive - negative);
  return align.defined() ? guided + align_scale * (positive - align) : guided;
}

}  // namespace

JointLatent combine(const GuidancePasses& p, const GuidanceScales& s) {
  check_pass(p.negative, p.positive, "negative");
  if (s.use_align) check_pass(p.align, p.positive, "align");
  if (s.use_timbre) {
    PF_CHECK(p.positive.has_audio() && p.timbre.has_audio(), ShapeError, "guidance", "the timbre pass needs audio");
  }
  if (!s.use_align && !s.use_timbre) {
    JointLatent result;
    if (p.positive.has_video()) result.video = classic(p.positive.video, p.negative.video, s.text.video);
    if (p.positive.has_audio()) result.audio = classic(p.positive.audio, p.negative.audio, s.text.audio);
    return result;
  }
  const JointLatent align = s.use_align ? p.align : JointLatent{};
  JointLatent result;
  if (p.positive.has_video()) {
    result.video = factorised(p.positive.video, p.negative.video, align.video, s.text.video, s.align.video);
  }
  if (p.positive.has_audio()) {
    result.audio = factorised(p.positive.audio, p.negative.audio, align.audio, s.text.audio, s.align.audio);
    if (s.use_timbre) result.audio = add_timbre(result.audio, p, s);
  }
  return result;
}

}  // namespace phonofilm::diffusion
