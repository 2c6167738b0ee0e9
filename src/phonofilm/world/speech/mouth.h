// The shape of a mouth that speaks: one shape per class of phonemes (visemes), and the way from one to the next.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/world/speech/speech.h"

namespace phonofilm::world {

// Lengths in the height of a picture that one head fills.
struct MouthShape {
  double half_width = 0.08;  // of the opening
  double opening = 0;        // between the lips, in the middle
  double lip = 0.017;        // thickness
  double teeth = 0;          // 0 none, 1 the upper row in full view
  double tongue = 0;         // 0 hidden, 1 between the teeth
};

struct Viseme {
  std::string name;  // "closed", "open", "half", "spread", "round", "teeth on lip", "tongue", "rest"
  MouthShape shape;
};

const std::vector<Viseme>& all_visemes();
// Throws std::out_of_range for another name.
const Viseme& viseme_named(const std::string& name);

// `share` of the way from one shape to the other.
MouthShape mix_shapes(const MouthShape& from, const MouthShape& to, double share);

// The names of one or, for a diphthong, two visemes of an espeak-ng phoneme; empty for a phoneme that is not in the
// table (English has none).
std::vector<std::string> visemes_of(const std::string& phoneme);

class MouthTrack {
 public:
  // `begin`: when the first phoneme of the speech is heard, in the time of the film.
  MouthTrack(const Speech& speech, double begin);

  struct Segment {
    const Viseme* viseme;
    double start, end;
  };
  // Gapless from the first phoneme to the last; before and after it the mouth rests.
  const std::vector<Segment>& segments() const { return segments_; }
  // Within kGlide of a border, half of it on either side, one shape turns into the next; every shape is reached in the
  // middle of its segment.
  MouthShape at(double time) const;
  double opening_at(double time) const { return at(time).opening; }

 private:
  const MouthShape& shape_of(std::int64_t index) const;
  double glide(std::int64_t border) const;

  std::vector<Segment> segments_;
};

inline constexpr double kGlide = 0.07;  // seconds

}  // namespace phonofilm::world
