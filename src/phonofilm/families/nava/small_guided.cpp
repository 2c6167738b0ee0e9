#include "phonofilm/families/nava/small_guided.h"

#include "phonofilm/families/nava/background.h"
#include "phonofilm/families/nava/guided.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nava {

using diffusion::JointLatent;

JointLatent guided_velocity(const NavaTransformer& model, const SmallContext& context,
                            const SmallGuidance& guidance, const JointLatent& latent, double time,
                            const diffusion::Held& held, const nn::RunContext& run) {
  const diffusion::GuidanceScales& scales = guidance.scales;
  const auto pass = [&](const PreparedContext& text, bool masked, std::int64_t skip_block = -1) {
    return in_background([&, masked, skip_block] {
      NavaInputs inputs{.latent = latent, .timestep = at::full({1}, time, at::kFloat), .context = &text};
      inputs.mask_modality = masked;
      inputs.skip_block = skip_block;
      inputs.held = held;
      return model.forward(inputs, run);
    });
  };
  if (pass_count(scales) == 1) return pass(context.positive, false).get();
  auto negative = pass(context.negative, false, guidance.skipped_block);
  auto align = scales.use_align ? pass(context.positive, true) : std::future<JointLatent>();
  auto timbre = scales.use_timbre ? pass(context.plain, false) : std::future<JointLatent>();
  diffusion::GuidancePasses passes{pass(context.positive, false).get(), negative.get(), {}, {}};
  if (align.valid()) passes.align = align.get();
  if (timbre.valid()) passes.timbre = timbre.get();
  return diffusion::combine(passes, scales);
}

}  // namespace phonofilm::nava
