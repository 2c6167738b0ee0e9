#include "phonofilm/eval/statistics.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "phonofilm/base/random.h"

namespace phonofilm::eval {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

Values flatten(const std::vector<Values>& per_film) {
  Values all;
  for (const Values& values : per_film) all.insert(all.end(), values.begin(), values.end());
  return all;
}

double percentile(const Values& sorted, double share) {
  const double position = share * double(sorted.size() - 1);
  const auto below = std::size_t(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - double(below)) * (sorted[above] - sorted[below]);
}

double rounded(double value) { return std::round(value * 1e4) / 1e4; }

}  // namespace

double median_of(Values values) {
  if (values.empty()) return 0;
  const std::size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + std::ptrdiff_t(middle), values.end());
  if (values.size() % 2) return values[middle];
  return 0.5 * (values[middle] + *std::max_element(values.begin(), values.begin() + std::ptrdiff_t(middle)));
}

double mean_of(const Values& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

double share_within(const Values& values, double limit) {
  const auto within = std::count_if(values.begin(), values.end(), [&](double v) { return std::abs(v) <= limit; });
  return values.empty() ? 0 : double(within) / double(values.size());
}

Estimate bootstrap(const std::vector<Values>& per_film, const Statistic& statistic, std::uint64_t seed,
                   std::int64_t rounds) {
  std::vector<Values> films;
  std::copy_if(per_film.begin(), per_film.end(), std::back_inserter(films), [](const Values& v) { return !v.empty(); });
  const double value = films.empty() ? kNothing : statistic(flatten(films));
  if (films.size() < 2) return {value, value, value};
  Random random(mix_seed(seed, "bootstrap"));
  Values results;
  for (std::int64_t round = 0; round < rounds; ++round) {
    Values sample;
    for (std::size_t film = 0; film < films.size(); ++film) {
      const Values& drawn = random.pick(films);
      sample.insert(sample.end(), drawn.begin(), drawn.end());
    }
    results.push_back(statistic(sample));
  }
  std::sort(results.begin(), results.end());
  return {value, percentile(results, 0.025), percentile(results, 0.975)};
}

OffsetStatistics offset_statistics(const std::vector<FilmOffsets>& films, double failed_offset, std::uint64_t seed) {
  OffsetStatistics result;
  std::vector<Values> absolute;
  Values matched;
  for (const FilmOffsets& film : films) {
    Values values(std::size_t(film.failed), failed_offset * 1000);
    for (const double offset : film.offsets) {
      values.push_back(std::abs(offset) * 1000);
      matched.push_back(offset * 1000);
    }
    result.events += std::int64_t(values.size());
    absolute.push_back(std::move(values));
  }
  const auto within = [&](double limit) {
    return bootstrap(absolute, [limit](const Values& values) { return share_within(values, limit); }, seed);
  };
  result.matched = std::int64_t(matched.size());
  result.median_ms = bootstrap(absolute, median_of, seed);
  result.mean_ms = result.events > 0 ? mean_of(flatten(absolute)) : kNothing;
  result.bias_ms = result.matched > 0 ? median_of(matched) : kNothing;
  result.within_10 = within(10), result.within_25 = within(25);
  result.within_50 = within(50), result.within_80 = within(80);
  return result;
}

nlohmann::json to_json(const Estimate& estimate) {
  return {{"value", rounded(estimate.value)}, {"low", rounded(estimate.low)}, {"high", rounded(estimate.high)}};
}

nlohmann::json to_json(const OffsetStatistics& statistics) {
  return {{"events", statistics.events},
          {"matched", statistics.matched},
          {"median_ms", to_json(statistics.median_ms)},
          {"mean_ms", rounded(statistics.mean_ms)},
          {"bias_ms", rounded(statistics.bias_ms)},
          {"within_10_ms", to_json(statistics.within_10)},
          {"within_25_ms", to_json(statistics.within_25)},
          {"within_50_ms", to_json(statistics.within_50)},
          {"within_80_ms", to_json(statistics.within_80)}};
}

}  // namespace phonofilm::eval
