#include "phonofilm/eval/series.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/eval/statistics.h"

namespace phonofilm::eval {

double value_at(const Series& series, double time) {
  if (series.values.empty()) return 0;
  const double place = std::clamp(time / series.step, 0.0, double(series.values.size() - 1));
  const auto index = std::min(std::size_t(place), series.values.size() - 1);
  const std::size_t next = std::min(index + 1, series.values.size() - 1);
  return series.values[index] + (place - double(index)) * (series.values[next] - series.values[index]);
}

Series smoothed(const Series& series, double reach) {
  const auto side = std::int64_t(std::lround(reach / series.step)), last = std::int64_t(series.values.size()) - 1;
  Series result{series.step, {}};
  for (std::int64_t i = 0; i <= last; ++i) {
    double sum = 0;
    const std::int64_t from = std::max<std::int64_t>(0, i - side), to = std::min(last, i + side);
    for (std::int64_t k = from; k <= to; ++k) sum += series.values[std::size_t(k)];
    result.values.push_back(sum / double(to - from + 1));
  }
  return result;
}

Series steadied(const Series& series, double reach) {
  const auto side = std::int64_t(std::lround(reach / series.step)), count = std::int64_t(series.values.size());
  Series result{series.step, {}};
  for (std::int64_t i = 0; i < count; ++i) {
    const auto first = series.values.begin() + std::max<std::int64_t>(0, i - side);
    result.values.push_back(median_of({first, series.values.begin() + std::min(count, i + side + 1)}));
  }
  return result;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const double n = double(std::min(a.size(), b.size()));
  double mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; double(i) < n; ++i) mean_a += a[i] / n, mean_b += b[i] / n;
  for (std::size_t i = 0; double(i) < n; ++i) {
    aa += (a[i] - mean_a) * (a[i] - mean_a), bb += (b[i] - mean_b) * (b[i] - mean_b);
    ab += (a[i] - mean_a) * (b[i] - mean_b);
  }
  return aa * bb > 1e-24 ? ab / std::sqrt(aa * bb) : 0;
}

std::vector<double> heard_at(const Series& seen, const Series& heard, double lag) {
  std::vector<double> values;
  for (std::size_t i = 0; i < seen.values.size(); ++i) values.push_back(value_at(heard, seen.step * double(i) + lag));
  return values;
}

std::optional<Lag> best_lag(const Series& seen, const Series& heard, double reach) {
  constexpr double kStep = 0.010;
  const auto steps = std::int64_t(std::lround(reach / kStep));
  std::vector<double> all;
  for (std::int64_t k = -steps; k <= steps; ++k) {
    all.push_back(correlation(seen.values, heard_at(seen, heard, kStep * double(k))));
  }
  const auto best = std::max_element(all.begin(), all.end());
  if (*best <= 0 || best == all.begin() || best + 1 == all.end()) return std::nullopt;
  const double before = *(best - 1), after = *(best + 1), bend = before - 2 * *best + after;
  const double vertex = bend < 0 ? 0.5 * (before - after) / bend : 0;
  return Lag{kStep * (double(best - all.begin() - steps) + vertex), *best};
}

}  // namespace phonofilm::eval
