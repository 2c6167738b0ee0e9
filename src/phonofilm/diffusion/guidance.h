// Guidance: how the velocities of several model passes combine into one.
#pragma once

#include "phonofilm/diffusion/joint_latent.h"

namespace phonofilm::diffusion {

struct ModalityScales {
  double video = 1, audio = 1;
};

// Condition-factorised guidance of NAVA. Passes: positive P, negative text N, alignment A (positive text, no attention
// between the modalities), timbre T (positive text, no voices).
//   with align:   v = P + s_text (P - N) + s_align (P - A), and for the sound + s_timbre (P - T) with timbre
//   timbre alone: the sound is v = P + s_text (P - N) + s_timbre (P - T), the picture classic
//   neither:      classic, v = N + s_text (P - N): a scale there is one more than the same pull elsewhere
struct GuidanceScales {
  ModalityScales text{3.0, 2.0};
  ModalityScales align{3.0, 2.0};
  double timbre = 3.0;
  bool use_align = true;
  bool use_timbre = false;  // needs voices
};

struct GuidancePasses {
  JointLatent positive, negative, align, timbre;  // those that the scales do not use may be empty
};

JointLatent combine(const GuidancePasses& passes, const GuidanceScales& scales);

}  // namespace phonofilm::diffusion
