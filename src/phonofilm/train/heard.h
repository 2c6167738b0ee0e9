// What is heard when in rendered clips, as labels of latent steps: of an auxiliary loss that asks the model what it is about
// to say (listener.h).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phonofilm/tensor/tensor.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::train {

// From `start` to `end`, seconds, to a tenth of a millisecond.
struct Heard {
  std::string kind;   // one of kHeardKinds
  std::string label;  // "three"
  double start = 0, end = 0;
  bool operator==(const Heard&) const = default;
};

// Words and phonemes of who speaks; "sound": what is struck (a material, a bar) or beeps.
inline const std::vector<std::string> kHeardKinds{"word", "phoneme", "sound"};

std::vector<Heard> heard_in(const world::Truth& truth);

// The labels of every kind, numbered from 1 in the order of their letters; 0 is nothing.
class HeardLabels {
 public:
  void add(const std::vector<Heard>& heard);
  std::int64_t count(size_t kind) const { return 1 + std::int64_t(labels_.at(kHeardKinds.at(kind)).size()); }
  // int64 [steps, kinds]: what is heard in the middle of each latent step of `step` seconds. Throws InvalidRequest for a
  // label that was not added.
  Tensor rows(const std::vector<Heard>& heard, std::int64_t steps, double step) const;

 private:
  std::map<std::string, std::map<std::string, std::int64_t>> labels_ = empty();
  static std::map<std::string, std::map<std::string, std::int64_t>> empty();
};

}  // namespace phonofilm::train
