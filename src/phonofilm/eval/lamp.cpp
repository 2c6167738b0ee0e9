#include "phonofilm/eval/lamp.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/eval/onsets.h"
#include "phonofilm/eval/statistics.h"
#include "phonofilm/eval/voice.h"

namespace phonofilm::eval {
namespace {

constexpr double kMissing = 0.25;  // seconds: what an edge without a counterpart counts as

// From every moment of `from` to the nearest of `to`.
void add_ways(const std::vector<double>& from, const std::vector<double>& to, const std::string& name,
              Readings& readings) {
  for (const double way : nearest_ms(from, to, kMissing)) readings[name].push_back(way);
}

}  // namespace

Edges edges_of(const Series& series, double least_range) {
  Edges edges;
  if (series.values.empty()) return edges;
  const auto [low, high] = std::minmax_element(series.values.begin(), series.values.end());
  if (*high - *low < least_range) return edges;
  const double middle = 0.5 * (*low + *high), margin = (*high - *low) / 6;
  bool is_on = series.values[0] > middle;
  double crossed = 0;
  for (std::size_t k = 1; k < series.values.size(); ++k) {
    const double before = series.values[k - 1] - middle, now = series.values[k] - middle;
    if ((before < 0) != (now < 0)) crossed = series.step * (double(k) - now / (now - before));
    if (is_on ? now > -margin : now < margin) continue;
    is_on = !is_on;
    (is_on ? edges.on : edges.off).push_back(crossed);
  }
  return edges;
}

Series light_in(const Pictures& pictures, double fps) {
  const std::int64_t height = pictures[0].height(), width = pictures[0].width();
  std::vector<double> range;
  for (std::int64_t i = 0; i < height * width; ++i) {
    double low = 1, high = 0;
    for (std::int64_t k = 0; k < pictures.size(); ++k) {
      const Rgb color = pictures[k].pixel(i / width, i % width);
      const double level = std::max({color[0], color[1], color[2]});
      low = std::min(low, level), high = std::max(high, level);
    }
    range.push_back(high - low);
  }
  const double most = *std::max_element(range.begin(), range.end());
  Series light{1 / fps, {}};
  for (std::int64_t k = 0; k < pictures.size(); ++k) {
    double sum = 0, weight = 0;
    for (std::int64_t i = 0; i < height * width; ++i) {
      if (range[std::size_t(i)] < 0.6 * most) continue;
      const Rgb color = pictures[k].pixel(i / width, i % width);
      sum += std::max({color[0], color[1], color[2]}), weight += 1;
    }
    light.values.push_back(sum / std::max(weight, 1.0));
  }
  return light;
}

std::vector<FigureSpec> lamp_figures() {
  return {{"light on to beep on", "ms", Summary::median, true, 20.8, 42},
          {"light off to beep off", "ms", Summary::median, true, 20.8, 42},
          {"light and beep, correlation", "", Summary::median, false, 0.90, 0.75},
          {"flashes as told", "%", Summary::mean, false, 98, 90},
          {"beeps as told", "%", Summary::mean, false, 98, 90},
          {"light, error", "ms", Summary::median, true, 20.8},
          {"beep, error", "ms", Summary::median, true, 5}};
}

Readings read_lamp(const Clip& clip, const world::Truth& truth, bool depicts_truth) {
  const Series light = light_in(Pictures(clip.frames), clip.fps);
  // A decoded tone may waver; the shortest beep is three times as long as what the median removes.
  const Series level = band_level(mono_samples(clip.waveform), double(clip.sample_rate), 150, 4000, /*window=*/0.02);
  const Series beep = steadied(level, /*reach=*/0.03);
  const Edges seen = edges_of(light, /*least_range=*/0.15), heard = edges_of(beep, /*least_range=*/0.01);
  Readings readings;
  add_ways(seen.on, heard.on, "light on to beep on", readings);
  add_ways(heard.on, seen.on, "light on to beep on", readings);
  add_ways(seen.off, heard.off, "light off to beep off", readings);
  add_ways(heard.off, seen.off, "light off to beep off", readings);
  readings["light and beep, correlation"].push_back(correlation(light.values, heard_at(light, beep)));
  readings["flashes as told"].push_back(percent_of(seen.on.size() == truth.events.size()));
  readings["beeps as told"].push_back(percent_of(heard.on.size() == truth.events.size()));
  if (!depicts_truth) return readings;
  std::vector<double> on, off;
  for (const world::Span& span : world::spans_of(truth, "light")) on.push_back(span.start), off.push_back(span.end);
  add_ways(on, seen.on, "light, error", readings), add_ways(off, seen.off, "light, error", readings);
  add_ways(on, heard.on, "beep, error", readings), add_ways(off, heard.off, "beep, error", readings);
  return readings;
}

}  // namespace phonofilm::eval
