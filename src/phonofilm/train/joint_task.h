// Training of the joint model: flow matching on the latents of picture and sound together, with a text encoder trained
// along. The objective, condition dropouts and modality mixing are NAVA's at small scale (docs/training.md).
#pragma once

#include <memory>

#include "phonofilm/train/tasks.h"

namespace phonofilm::train {

// Recipe options: "text_encoder", "transformer", "model" (SmallModelOptions), and the fields of JointTaskOptions.
std::unique_ptr<Task> make_joint_task(const Recipe& recipe, const SampleWriter& writer, const Observer& observer);

}  // namespace phonofilm::train
