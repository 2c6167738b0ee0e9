// What a mouth does, seen in the picture alone: how far it is open and which shape it has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phonofilm/eval/pixels.h"
#include "phonofilm/eval/series.h"
#include "phonofilm/world/speech/person_look.h"

namespace phonofilm::eval {

struct MouthCourse {
  Series opening;                   // between the lips, in heights of a head that fills the picture; by frame
  std::vector<std::string> shapes;  // one of mouth_shapes() per frame
};

// Shapes that can be told apart at 96 pixels: "closed" (m b p and rest), "open", "spread" (i), "round" (o u w),
// "narrow" (half open, teeth on lip, tongue).
const std::vector<std::string>& mouth_shapes();
// The one that stands for a shape of the world, "closed" for "rest"; "" for an unknown name.
std::string mouth_shape_of(const std::string& viseme);

// Least squares on the colours around the mouth, less that of the cheeks; one set of weights for skins darker than
// their lips and one for paler ones. Learns from drawn faces, sharp, blurred and noisy. Immutable after construction.
class MouthReader {
 public:
  // Deterministic by seed; takes a second or two.
  explicit MouthReader(std::uint64_t seed = 1, std::int64_t faces = 2000);
  MouthCourse read(const Pictures& pictures, double fps, const world::Figure& place) const;

 private:
  struct Weights {
    std::vector<std::vector<double>> outputs;  // opening, then one per shape
  };
  Weights pale_, dark_;
};

}  // namespace phonofilm::eval
