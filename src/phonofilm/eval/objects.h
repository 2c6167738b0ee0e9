// Coloured things before nearly grey surroundings, found and followed through a film by their saturation alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::eval {

// Where one object was. Lengths in heights of the picture, origin at the top left corner; one entry per frame.
struct Track {
  std::string color;         // the nearest of world::colors()
  double radius = 0;         // of the disc with the object's usual area
  double picture_width = 1;  // of the whole picture
  std::vector<double> time;  // seconds
  std::vector<double> x, y;  // centre of mass; carried over from the frame before where unseen
  std::vector<double> seen;  // 0: not visible, 1: as large as usual
};

// frames: [F, H, W, 3] uint8 RGB. At most `most` objects, the largest first; empty when nothing is coloured.
// A second object is one of another hue that stays in another place. Throws ShapeError for other shapes or types.
std::vector<Track> find_objects(const Tensor& frames, double fps, std::int64_t most = 2);

}  // namespace phonofilm::eval
