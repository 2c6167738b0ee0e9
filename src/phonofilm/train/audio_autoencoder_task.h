// Training of the mel autoencoder on the sounds of rendered clips.
#pragma once

#include <memory>

#include "phonofilm/train/tasks.h"

namespace phonofilm::train {

// Recipe options: "model" (MelAutoencoderConfig), "mel" (dsp::MelConfig), and "scenes", "batch", "crop", "kl", "start".
std::unique_ptr<Task> make_audio_autoencoder_task(const Recipe& recipe, const SampleWriter& writer);

}  // namespace phonofilm::train
