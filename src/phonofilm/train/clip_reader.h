// How clips reach a training task: media/ reads films, pictures and sound files, but training does not depend on it.
#pragma once

#include <functional>
#include <string>

#include "phonofilm/tensor/clip.h"

namespace phonofilm::train {

// What of a file is wanted. A reader may give more, or another rate: tasks fit what they get.
struct ClipWish {
  bool pictures = true, sound = true;
  bool still = false;         // the first picture alone
  double fps = 24;            // frames per second
  std::int64_t sample_rate = 16000;
  double seconds = 10;        // from the beginning on; more is not needed
};

// Throws MediaError for a file that cannot be read.
using ClipReader = std::function<Clip(const std::string& path, const ClipWish& wish)>;

}  // namespace phonofilm::train
