// How clips reach a training task: media/ reads films, pictures and sound files, but training does not depend on it.
#pragma once

#include <functional>
#include <string>

#include "phonofilm/tensor/clip.h"

namespace phonofilm::train {

// What of a file is wanted. A reader may give more, or another rate: tasks fit what they get.
struct ClipWish {
  double picture_seconds = 0, sound_seconds = 0;  // from the beginning on; 0: none of it
  double longest_seconds = 0;                     // of a film that is taken at all; 0: any length
  bool still = false;                             // the first picture alone
  double fps = 24;                                // frames per second
  std::int64_t sample_rate = 16000;
};

// Throws MediaError for a file that cannot be read, InvalidRequest for one that says of itself to be longer than the
// longest.
using ClipReader = std::function<Clip(const std::string& path, const ClipWish& wish)>;

}  // namespace phonofilm::train
