// What happens when in rendered clips, as labels of latent steps and of pictures: of an auxiliary loss that asks the model
// what it is about to show and to play (naming.h).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phonofilm/tensor/tensor.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::train {

// From `start` to `end`, seconds, to a tenth of a millisecond.
struct Happening {
  std::string kind;   // one of kHappeningKinds
  std::string label;  // "three"
  double start = 0, end = 0;
  bool operator==(const Happening&) const = default;
};

// Words and phonemes of who speaks; "sound": what is struck (a material, a bar) or beeps; "speaker": who speaks, of two;
// "mouth": the shape of a speaker's; "place" and "height": where a ball, a mallet or a car is; "second place" and "second
// height": where the right one of two balls is; "density": of rain.
inline const std::vector<std::string> kHappeningKinds{"word",   "phoneme", "sound",        "speaker",       "mouth",
                                                      "place",  "height",  "second place", "second height", "density"};

std::vector<Happening> happenings_in(const world::Truth& truth);

// The labels of every kind, numbered from 1 in the order of their letters; 0 is nothing.
class HappeningLabels {
 public:
  HappeningLabels();
  void add(const std::vector<Happening>& happenings);
  std::int64_t count(size_t kind) const { return 1 + std::int64_t(labels_.at(kHappeningKinds.at(kind)).size()); }
  // int16 [moments, kinds] for moments of `length` seconds, the first of which begins at `begin`: what lasts through the
  // middle of a moment, or has its own middle in it. Throws InvalidRequest for a label that was not added.
  Tensor rows(const std::vector<Happening>& happenings, std::int64_t moments, double begin, double length) const;

 private:
  std::map<std::string, std::map<std::string, std::int64_t>> labels_;
};

}  // namespace phonofilm::train
