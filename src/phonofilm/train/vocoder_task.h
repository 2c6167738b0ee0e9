// Training of the vocoder on the sounds of rendered clips.
#pragma once

#include <memory>

#include "phonofilm/train/tasks.h"

namespace phonofilm::train {

// Recipe options: "model" (VocosConfig), "mel" (dsp::MelConfig), and the fields listed by `phonofilm train` on error:
// "scenes", "batch", "crop", "autoencoder" (folder of a trained mel autoencoder whose output the vocoder must bear),
// ...
std::unique_ptr<Task> make_vocoder_task(const Recipe& recipe, const SampleWriter& writer);

}  // namespace phonofilm::train
