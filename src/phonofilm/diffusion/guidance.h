// Guidance: how the velocities of several model passes combine into one.
#pragma once

#include "phonofilm/diffusion/joint_latent.h"

namespace phonofilm::diffusion {

struct ModalityScales {
  double video = 1, audio = 1;
};

// Condition-factorised guidance of NAVA (nava.md 3.3). Passes: positive P, negative text N, alignment A (positive
// text, no attention between the modalities), timbre T (positive text, no voices).
struct GuidanceScales {
  ModalityScales text{3.0, 2.0};
  ModalityScales align{3.0, 2.0};
  double timbre = 3.0;
  bool use_align = true;    // off, with use_timbre off: classic v = N + s (P - N)
  bool use_timbre = false;  // needs voices
};

struct GuidancePasses {
  JointLatent positive, negative, align, timbre;  // those that the scales do not use may be empty
};

JointLatent combine(const GuidancePasses& passes, const GuidanceScales& scales);

}  // namespace phonofilm::diffusion
