#include "phonofilm/eval/material.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "phonofilm/base/random.h"
#include "phonofilm/eval/least_squares.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/world.h"

namespace phonofilm::eval {
namespace {

constexpr std::size_t kBands = 12;
constexpr std::array<double, kBands + 1> kEdges{60,   160,  280,  450,  700,  1000, 1400,
                                                1900, 2600, 3400, 4500, 5800, 8000};  // Hz
constexpr double kWindow = 0.032;  // seconds
constexpr double kEarly = 0.003, kLate = 0.053;  // starts of the windows after the onset
constexpr double kBefore = 0.036;                // start of the window before it

using Bands = std::array<double, kBands>;

Bands band_energies(const std::vector<double>& wave, double rate, double start) {
  Bands bands{};
  const auto length = std::int64_t(std::lround(kWindow * rate)), first = std::int64_t(std::lround(start * rate));
  std::vector<double> windowed(std::size_t(length), 0.0);
  for (std::int64_t i = 0; i < length; ++i) {
    const std::int64_t at = first + i;
    if (at < 0 || at >= std::int64_t(wave.size())) continue;
    const double s = std::sin(std::numbers::pi * (double(i) + 0.5) / double(length));
    windowed[std::size_t(i)] = wave[std::size_t(at)] * s * s;
  }
  const Tensor power = at::fft_rfft(at::tensor(at::ArrayRef<double>(windowed))).abs().square().contiguous();
  const double* values = power.const_data_ptr<double>();
  for (std::int64_t bin = 0; bin < power.numel(); ++bin) {
    const double frequency = double(bin) * rate / double(length);
    const auto edge = std::upper_bound(kEdges.begin(), kEdges.end(), frequency);
    if (edge != kEdges.begin() && edge != kEdges.end()) bands[std::size_t(edge - kEdges.begin()) - 1] += values[bin];
  }
  return bands;
}

double sum(const Bands& bands, std::size_t first, std::size_t last) {
  return std::accumulate(bands.begin() + std::ptrdiff_t(first), bands.begin() + std::ptrdiff_t(last), 0.0);
}

// The sum of outer products of deviations from the class mean, over all classes, divided by the number of samples.
std::vector<double> pooled_covariance(const std::vector<std::vector<Timbre>>& classes, const std::vector<Timbre>& means) {
  std::vector<double> covariance(kTimbreSize * kTimbreSize, 0.0);
  double count = 1;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    count += double(classes[c].size());
    for (const Timbre& timbre : classes[c]) {
      for (std::size_t i = 0; i < kTimbreSize; ++i) {
        for (std::size_t j = 0; j < kTimbreSize; ++j) {
          covariance[i * kTimbreSize + j] += (timbre[i] - means[c][i]) * (timbre[j] - means[c][j]);
        }
      }
    }
  }
  constexpr double kPrior = 0.1;  // square nepers: generated sounds vary more than rendered ones
  for (double& value : covariance) value /= count;
  for (std::size_t i = 0; i < kTimbreSize; ++i) covariance[i * kTimbreSize + i] += kPrior;
  return covariance;
}

Timbre mean_of(const std::vector<Timbre>& timbres) {
  Timbre mean{};
  for (const Timbre& timbre : timbres) {
    for (std::size_t i = 0; i < kTimbreSize; ++i) mean[i] += timbre[i] / double(timbres.size());
  }
  return mean;
}

std::vector<double> mono(const Tensor& waveform) {
  const Tensor wave = (waveform.dim() == 2 ? waveform.mean(0) : waveform).to(at::kDouble).contiguous().cpu();
  return {wave.const_data_ptr<double>(), wave.const_data_ptr<double>() + wave.numel()};
}

std::vector<std::vector<Timbre>> world_timbres(std::uint64_t seed, std::int64_t clips) {
  const std::vector<std::string>& names = world::materials();
  world::RenderOptions small;  // only the sound is used
  small.height = small.width = 32;
  small.frames = 1;
  std::vector<std::vector<Timbre>> classes(names.size());
  for (std::int64_t clip = 0; clip < clips; ++clip) {
    const auto sample = world::render("impacts", mix_seed(seed, "material templates", std::uint64_t(clip)), small);
    const std::vector<double> wave = mono(sample.clip.waveform);
    for (const world::Event& event : sample.truth.events) {
      const std::string& material = sample.truth.objects.at(std::size_t(event.object)).material;
      const auto index = std::size_t(std::find(names.begin(), names.end(), material) - names.begin());
      const auto timbre = timbre_after(wave, double(small.sample_rate), event.time);
      if (timbre && index < names.size()) classes[index].push_back(*timbre);
    }
  }
  return classes;
}

}  // namespace

std::optional<Timbre> timbre_after(const std::vector<double>& wave, double sample_rate, double onset) {
  if (onset + kLate + kWindow > double(wave.size()) / sample_rate) return std::nullopt;
  const Bands before = band_energies(wave, sample_rate, onset - kBefore);
  const Bands early = band_energies(wave, sample_rate, onset + kEarly);
  const Bands late = band_energies(wave, sample_rate, onset + kLate);
  const double total = sum(early, 0, kBands);
  if (total < 1e-8) return std::nullopt;
  Bands fresh{};
  for (std::size_t b = 0; b < kBands; ++b) {
    fresh[b] = std::max(early[b] - before[b], 0.02 * early[b]) + 1e-4 * total;
  }
  Timbre timbre{};
  double mean = 0;
  for (std::size_t b = 0; b < kBands; ++b) timbre[b] = std::log(fresh[b]), mean += timbre[b] / double(kBands);
  for (std::size_t b = 0; b < kBands; ++b) timbre[b] -= mean;
  constexpr std::array<std::array<std::size_t, 2>, 4> kGroups{{{0, kBands}, {0, 4}, {4, 8}, {8, kBands}}};
  for (std::size_t g = 0; g < kGroups.size(); ++g) {
    const double floor = 1e-4 * total;
    const double now = sum(early, kGroups[g][0], kGroups[g][1]), then = sum(late, kGroups[g][0], kGroups[g][1]);
    timbre[kBands + g] = std::log((then + floor) / (now + floor));
  }
  return timbre;
}

MaterialClassifier::MaterialClassifier(std::uint64_t seed, std::int64_t clips) : names_(world::materials()) {
  const std::vector<std::vector<Timbre>> classes = world_timbres(seed, clips);
  std::vector<Timbre> means;
  for (const auto& timbres : classes) means.push_back(mean_of(timbres));
  const std::vector<double> covariance = pooled_covariance(classes, means);
  for (const Timbre& mean : means) {
    weights_.push_back(solve_symmetric(covariance, {mean.begin(), mean.end()}));
    bias_.push_back(-0.5 * std::inner_product(mean.begin(), mean.end(), weights_.back().begin(), 0.0));
  }
}

MaterialGuess MaterialClassifier::classify(const Timbre& timbre) const {
  std::vector<double> scores;
  for (std::size_t c = 0; c < names_.size(); ++c) {
    scores.push_back(bias_[c] + std::inner_product(timbre.begin(), timbre.end(), weights_[c].begin(), 0.0));
  }
  const auto best = std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (const double score : scores) sum += std::exp(score - *best);
  return {names_[std::size_t(best - scores.begin())], 1 / sum};
}

std::vector<std::optional<MaterialGuess>> MaterialClassifier::classify(const Tensor& waveform, std::int64_t sample_rate,
                                                                       const std::vector<Onset>& onsets) const {
  const std::vector<double> wave = mono(waveform);
  std::vector<std::optional<MaterialGuess>> guesses;
  for (const Onset& onset : onsets) {
    const auto timbre = timbre_after(wave, double(sample_rate), onset.time);
    guesses.push_back(timbre ? std::optional(classify(*timbre)) : std::nullopt);
  }
  return guesses;
}

}  // namespace phonofilm::eval
