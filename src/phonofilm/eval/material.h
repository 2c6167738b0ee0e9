// What was struck? Told from the sound after an onset, by comparison with the world's own sounds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/eval/discriminant.h"
#include "phonofilm/eval/onsets.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::eval {

// What twelve bands from 60 Hz to 8 kHz do at an onset, as logarithms: their energies in the 32 ms after it, less what
// rang there before; the same energies as they are (both without their mean); the decay over the following 50 ms of
// all bands and of three groups; the rise of each band from before to after.
inline constexpr std::size_t kTimbreSize = 40;
using Timbre = std::array<double, kTimbreSize>;

// wave: mono. None where the sound ends within 90 ms of the onset or is silent.
std::optional<Timbre> timbre_after(const std::vector<double>& wave, double sample_rate, double onset);

struct MaterialGuess {
  std::string material;
  double confidence = 0;  // posterior of the class under equal priors
};

// Linear discriminants between the world's materials. Immutable after construction.
class MaterialClassifier {
 public:
  // Learns from `clips` rendered sounds of the "impacts" scene at true onsets (about a second for 400).
  // Deterministic by seed; the seeds drawn from it are disjoint from those of evaluation.
  explicit MaterialClassifier(std::uint64_t seed = 1, std::int64_t clips = 400);

  // One guess per onset; none where the sound after it is too short.
  std::vector<std::optional<MaterialGuess>> classify(const Tensor& waveform, std::int64_t sample_rate,
                                                     const std::vector<Onset>& onsets) const;
  MaterialGuess classify(const Timbre& timbre) const;

 private:
  LinearDiscriminant discriminant_;
};

}  // namespace phonofilm::eval
