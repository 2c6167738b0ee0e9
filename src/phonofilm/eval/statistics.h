// Figures with their uncertainty: bootstrap over films, because the events of one film are not independent.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace phonofilm::eval {

// A figure and its 95 % interval.
struct Estimate {
  double value = 0, low = 0, high = 0;
};

using Values = std::vector<double>;
using Statistic = std::function<double(const Values&)>;

double median_of(Values values);      // 0 for none; the mean of the middle two for an even number
double mean_of(const Values& values);  // 0 for none
double share_within(const Values& values, double limit);  // of |value| <= limit; 0 for none

// `per_film`: the values of each film. The statistic of all of them, and the 2.5 and 97.5 percentiles of the statistic
// over `rounds` resamplings of the films that have values (Efron's percentile bootstrap). Deterministic by seed. Without any
// value nothing was measured: all three are not a number, which misses every target.
Estimate bootstrap(const std::vector<Values>& per_film, const Statistic& statistic, std::uint64_t seed,
                   std::int64_t rounds = 1000);

// Offsets of the events of one modality to the nearest of the other. Events without a match enter every figure
// with `failed_offset`. Seconds in, milliseconds out.
struct OffsetStatistics {
  std::int64_t events = 0, matched = 0;  // without events the figures are not numbers
  Estimate median_ms;      // of the absolute offset
  double mean_ms = 0;      // of the absolute offset
  double bias_ms = 0;      // median signed offset of the matched
  Estimate within_10, within_25, within_50, within_80;  // shares of all events, limits in ms
};

struct FilmOffsets {
  Values offsets;           // signed, seconds, of the matched events
  std::int64_t failed = 0;  // events without a match
};
OffsetStatistics offset_statistics(const std::vector<FilmOffsets>& films, double failed_offset, std::uint64_t seed);

nlohmann::json to_json(const Estimate& estimate);
nlohmann::json to_json(const OffsetStatistics& statistics);

}  // namespace phonofilm::eval
