#include "phonofilm/eval/material.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/world.h"

namespace phonofilm::eval {
namespace {

constexpr std::size_t kBands = 12;
constexpr std::array<double, kBands + 1> kEdges{60,   160,  280,  450,  700,  1000, 1400,
                                                1900, 2600, 3400, 4500, 5800, 8000};  // Hz
constexpr std::size_t kDecay = 2 * kBands, kRise = kDecay + 4;  // places in a Timbre
static_assert(kRise + kBands == kTimbreSize);
constexpr double kWindow = 0.032;  // seconds
constexpr double kEarly = 0.003, kLate = 0.053;  // starts of the windows after the onset
constexpr double kBefore = 0.036;                // start of the window before it
constexpr double kLeastVariance = 0.1;           // square nepers: generated sounds vary more than rendered ones

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

void remove_mean(Timbre& timbre, std::size_t first, std::size_t last) {
  double mean = 0;
  for (std::size_t i = first; i < last; ++i) mean += timbre[i] / double(last - first);
  for (std::size_t i = first; i < last; ++i) timbre[i] -= mean;
}

// By material, in the order of world::materials().
std::vector<std::vector<Features>> world_timbres(std::uint64_t seed, std::int64_t clips) {
  const std::vector<std::string>& names = world::materials();
  const world::RenderOptions options;
  std::vector<std::vector<Features>> classes(names.size());
  for (std::int64_t clip = 0; clip < clips; ++clip) {
    const std::uint64_t film = mix_seed(seed, "material templates", std::uint64_t(clip));
    const world::Truth truth = world::truth_of("impacts", film, options);
    const std::vector<double> wave = mono_samples(world::render_sound("impacts", film, options));
    for (const world::Event& event : truth.events) {
      const std::string& material = truth.objects.at(std::size_t(event.object)).material;
      const auto index = std::size_t(std::find(names.begin(), names.end(), material) - names.begin());
      const auto timbre = timbre_after(wave, double(options.sample_rate), event.time);
      if (timbre && index < names.size()) classes[index].emplace_back(timbre->begin(), timbre->end());
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
  Timbre timbre{};
  for (std::size_t b = 0; b < kBands; ++b) {
    timbre[b] = std::log(std::max(early[b] - before[b], 0.02 * early[b]) + 1e-4 * total);
    timbre[kBands + b] = std::log(early[b] + 1e-4 * total);
    timbre[kRise + b] = std::log((early[b] + 1e-3 * total) / (before[b] + 1e-3 * total));
  }
  remove_mean(timbre, 0, kBands);
  remove_mean(timbre, kBands, 2 * kBands);
  constexpr std::array<std::array<std::size_t, 2>, 4> kGroups{{{0, kBands}, {0, 4}, {4, 8}, {8, kBands}}};
  for (std::size_t g = 0; g < kGroups.size(); ++g) {
    const double floor = 1e-4 * total;
    const double now = sum(early, kGroups[g][0], kGroups[g][1]), then = sum(late, kGroups[g][0], kGroups[g][1]);
    timbre[kDecay + g] = std::log((then + floor) / (now + floor));
  }
  return timbre;
}

MaterialClassifier::MaterialClassifier(std::uint64_t seed, std::int64_t clips)
    : discriminant_(world_timbres(seed, clips), kLeastVariance) {}

MaterialGuess MaterialClassifier::classify(const Timbre& timbre) const {
  const LinearDiscriminant::Guess guess = discriminant_.classify({timbre.begin(), timbre.end()});
  return {world::materials()[guess.index], guess.confidence};
}

std::vector<std::optional<MaterialGuess>> MaterialClassifier::classify(const Tensor& waveform, std::int64_t sample_rate,
                                                                       const std::vector<Onset>& onsets) const {
  const std::vector<double> wave = mono_samples(waveform);
  std::vector<std::optional<MaterialGuess>> guesses;
  for (const Onset& onset : onsets) {
    const auto timbre = timbre_after(wave, double(sample_rate), onset.time);
    guesses.push_back(timbre ? std::optional(classify(*timbre)) : std::nullopt);
  }
  return guesses;
}

}  // namespace phonofilm::eval
