// What was struck? Told from the sound after an onset, by comparison with the world's own sounds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/eval/onsets.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::eval {

// Log energies of twelve bands from 60 Hz to 8 kHz in the 32 ms after an onset, less what rang there before it and less
// their mean, and the decay in nepers over the following 50 ms of all bands and of three groups of them.
inline constexpr std::size_t kTimbreSize = 16;
using Timbre = std::array<double, kTimbreSize>;

// wave: mono. None where the sound ends within 90 ms of the onset or is silent.
std::optional<Timbre> timbre_after(const std::vector<double>& wave, double sample_rate, double onset);

struct MaterialGuess {
  std::string material;
  double confidence = 0;  // posterior of the class under equal priors
};

// Linear discriminant analysis with a pooled covariance. Immutable after construction.
class MaterialClassifier {
 public:
  // Learns from `clips` rendered sounds of the "impacts" scene at true onsets (under a second for 160).
  // Deterministic by seed; the seeds drawn from it are disjoint from those of evaluation.
  explicit MaterialClassifier(std::uint64_t seed = 1, std::int64_t clips = 160);

  // One guess per onset; none where the sound after it is too short.
  std::vector<std::optional<MaterialGuess>> classify(const Tensor& waveform, std::int64_t sample_rate,
                                                     const std::vector<Onset>& onsets) const;
  MaterialGuess classify(const Timbre& timbre) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<double>> weights_;  // per class: covariance^-1 mean
  std::vector<double> bias_;                  // per class: -mean . weights / 2
};

}  // namespace phonofilm::eval
