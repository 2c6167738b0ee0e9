// One guided step of NAVA: which passes its condition-factorised guidance needs, and with which text and voices.
//
//   pass       text      voices                          attention between picture and sound
//   positive   prompt    in place of their rows          yes
//   negative   negative  none                            yes
//   align      prompt    none (their sentinel rows stay) no
//   timbre     prompt    none (their sentinel rows stay) yes
//
// That neither the align nor the timbre pass shows the learned null voice is how the publisher samples; so the align
// term also holds a part of the voice.
#pragma once

#include "phonofilm/diffusion/guidance.h"
#include "phonofilm/diffusion/held.h"
#include "phonofilm/families/nava/transformer.h"

namespace phonofilm::nava {

// A prompt as the backbone understands it, computed once per clip.
struct GuidedContext {
  PreparedContext all;    // positive, negative and, with voices, timbre: a batch of two or three
  PreparedContext plain;  // the prompt without voices, for the align pass

  bool has_voices() const { return all.context.size(0) == 3; }
};

// positive, negative: rows of the text encoder [1, text_len, text_dim], zeros behind the valid tokens. voices: of the
// prompt.
GuidedContext prepare_guided(const NavaTransformer& model, const Tensor& positive, const Tensor& negative,
                             const Voices& voices, const nn::RunContext& run,
                             const nn::BlockRunner& runner = nn::PlainRunner());

// What of `asked` applies: alignment needs picture and sound, timbre needs sound and voices, and text what it is to
// pull at.
diffusion::GuidanceScales applicable(const diffusion::GuidanceScales& asked, bool has_video, bool has_audio,
                                     bool has_voices);

// Passes per step, and whether there is more than the positive one.
std::int64_t pass_count(const diffusion::GuidanceScales& applicable);

// Velocity of a batch of one. time: 0 .. 1000. scales: applicable() ones. held: what of the latent is clean. layout: as
// NavaInputs::layout. Positive, negative and timbre pass are one batch; the align pass, whose attention is two smaller
// ones, runs by itself.
diffusion::JointLatent guided_velocity(const NavaTransformer& model, const GuidedContext& context,
                                       const diffusion::GuidanceScales& scales, const diffusion::JointLatent& latent,
                                       double time, const diffusion::Held& held, const TokenLayout* layout,
                                       const nn::RunContext& run,
                                       const nn::BlockRunner& runner = nn::PlainRunner());

}  // namespace phonofilm::nava
