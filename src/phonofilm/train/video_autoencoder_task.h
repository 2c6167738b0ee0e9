// Training of the video autoencoder on rendered clips.
#pragma once

#include <memory>

#include "phonofilm/train/tasks.h"

namespace phonofilm::train {

// Recipe options: "model" (VideoAutoencoderConfig) and the fields of VideoAutoencoderTaskOptions.
std::unique_ptr<Task> make_video_autoencoder_task(const Recipe& recipe, const SampleWriter& writer);

}  // namespace phonofilm::train
