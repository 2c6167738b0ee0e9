// How sample films of a training run reach the disk.
#pragma once

#include "phonofilm/train/tasks.h"

namespace phonofilm::cli {

// Writes films as .mp4 and pictures as .png where the program was built with media/, else does nothing.
train::SampleWriter sample_writer();

}  // namespace phonofilm::cli
