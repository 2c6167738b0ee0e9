#include "phonofilm/families/nava/guided.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm::nava {
namespace {

using diffusion::GuidanceScales;
using diffusion::JointLatent;
using diffusion::ModalityScales;

// A text scale that changes nothing: 0 where the terms are added to the positive pass, 1 in the classic form.
ModalityScales neutral_text(const GuidanceScales& s) {
  return {s.use_align ? 0.0 : 1.0, s.use_align || s.use_timbre ? 0.0 : 1.0};
}

JointLatent sample_of(const JointLatent& batch, std::int64_t i) {
  return diffusion::map([&](const Tensor& x) { return x.narrow(0, i, 1); }, batch);
}

}  // namespace

GuidedContext prepare_guided(const NavaTransformer& model, const Tensor& positive, const Tensor& negative,
                             const Voices& voices, const nn::RunContext& run, const nn::BlockRunner& runner) {
  const bool voiced = voices.embeddings.defined() && !voices.positions.empty();
  GuidedContext context;
  if (voiced) {
    context.all = model.prepare_context(at::cat({positive, negative, positive}), {voices, {}, {}}, run, runner);
    context.plain = context.all.samples(2, 1);
  } else {
    context.all = model.prepare_context(at::cat({positive, negative}), {}, run, runner);
    context.plain = context.all.samples(0, 1);
  }
  return context;
}

GuidanceScales applicable(const GuidanceScales& asked, bool has_video, bool has_audio, bool has_voices) {
  GuidanceScales scales = asked;
  scales.use_align = asked.use_align && has_video && has_audio;
  scales.use_timbre = asked.use_timbre && has_audio && has_voices;
  if (!has_video) scales.text.video = neutral_text(scales).video;
  if (!has_audio) scales.text.audio = neutral_text(scales).audio;
  return scales;
}

std::int64_t pass_count(const GuidanceScales& scales) {
  const ModalityScales neutral = neutral_text(scales);
  const bool guided = scales.text.video != neutral.video || scales.text.audio != neutral.audio;
  const bool single = !scales.use_align && !scales.use_timbre && !guided;
  return single ? 1 : 2 + (scales.use_align ? 1 : 0) + (scales.use_timbre ? 1 : 0);
}

JointLatent guided_velocity(const NavaTransformer& model, const GuidedContext& context, const GuidanceScales& scales,
                            const JointLatent& latent, double time, const diffusion::Held& held,
                            const TokenLayout* layout, const nn::RunContext& run, const nn::BlockRunner& runner) {
  const auto pass = [&](const PreparedContext& texts, bool masked) {
    const std::int64_t batch = texts.context.size(0);
    NavaInputs inputs{.latent = latent, .timestep = at::full({batch}, time, at::kFloat), .context = &texts};
    inputs.latent =
        diffusion::map([&](const Tensor& x) { return at::cat(std::vector<Tensor>(size_t(batch), x)); }, latent);
    inputs.mask_modality = masked;
    inputs.held = held;
    inputs.layout = layout;
    return model.forward(inputs, run, runner);
  };
  const std::int64_t passes = pass_count(scales);
  if (passes == 1) return pass(context.all.samples(0, 1), false);
  const JointLatent batch = pass(context.all.samples(0, scales.use_timbre ? 3 : 2), false);
  diffusion::GuidancePasses of{sample_of(batch, 0), sample_of(batch, 1), {}, {}};
  if (scales.use_timbre) of.timbre = sample_of(batch, 2);
  if (scales.use_align) of.align = pass(context.plain, true);
  return diffusion::combine(of, scales);
}

}  // namespace phonofilm::nava
