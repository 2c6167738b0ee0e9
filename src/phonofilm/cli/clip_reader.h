// How the clips of a training run are read.
#pragma once

#include "phonofilm/train/clip_reader.h"

namespace phonofilm::cli {

// Reads films, sound files and pictures where the program was built with media/, else is undefined.
train::ClipReader clip_reader();

}  // namespace phonofilm::cli
