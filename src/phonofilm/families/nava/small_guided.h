// One guided step of the embedded model: the passes of guided.h, side by side instead of in a batch. Unlike in the
// published model, passes without voices show the learned null voice, as training did, and the align pass keeps the voices:
// otherwise alignment guidance would pull on them, too, beside text and timbre guidance (docs/training.md has figures).
#pragma once

#include "phonofilm/diffusion/guidance.h"
#include "phonofilm/families/nava/transformer.h"

namespace phonofilm::nava {

// A prompt as the backbone understands it, computed once per film.
struct SmallContext {
  PreparedContext positive, negative;
  PreparedContext plain;  // the prompt with null voices, for the timbre pass
  bool has_voices = false;
};

struct SmallGuidance {
  diffusion::GuidanceScales scales{};  // applicable() ones
  std::int64_t skipped_block = -1;     // skip-layer guidance: what the negative pass leaves out; -1: none
};

// Velocity of a batch of one. time: 0 .. 1000. held: of the latent.
diffusion::JointLatent guided_velocity(const NavaTransformer& model, const SmallContext& context,
                                       const SmallGuidance& guidance, const diffusion::JointLatent& latent,
                                       double time, const diffusion::Held& held, const nn::RunContext& run);

}  // namespace phonofilm::nava
