#include "phonofilm/eval/rainfall.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/eval/onsets.h"
#include "phonofilm/eval/statistics.h"
#include "phonofilm/eval/voice.h"

namespace phonofilm::eval {
namespace {

constexpr double kReach = 0.2;  // seconds on either side over which single drops are averaged
constexpr double kTrend = 0.5;  // nepers between the first third and the last

}  // namespace

Series drops_in(const Pictures& pictures, double fps) {
  const std::int64_t height = pictures[0].height(), width = pictures[0].width();
  Series drops{1 / fps, std::vector<double>(std::size_t(pictures.size()), 0.0)};
  for (std::int64_t i = 0; i < height * width; ++i) {
    Values levels;
    for (std::int64_t k = 0; k < pictures.size(); ++k) {
      levels.push_back(luma(pictures[k].pixel(i / width, i % width)));
    }
    const double usual = median_of(levels);
    for (std::size_t k = 0; k < levels.size(); ++k) {
      drops.values[k] += std::clamp((levels[k] - usual - 0.06) / 0.1, 0.0, 1.0) / double(height * width);
    }
  }
  return drops;
}

std::string trend_of(const Series& amount) {
  const std::size_t third = amount.values.size() / 3;
  double first = 1e-9, last = 1e-9;
  for (std::size_t k = 0; k < third; ++k) {
    first += amount.values[k], last += amount.values[amount.values.size() - 1 - k];
  }
  const double change = std::log(last / first);
  return change > kTrend ? "grows" : change < -kTrend ? "fades" : "steady";
}

std::vector<FigureSpec> rain_figures() {
  return {{"drops and sound, correlation", "", Summary::median, false, 0.90, 0.75},
          {"trend seen as told", "%", Summary::mean, false, 90, 80},
          {"trend heard as told", "%", Summary::mean, false, 90, 80},
          {"same trend seen and heard", "%", Summary::mean, false, 90, 80},
          {"drops against truth, correlation", "", Summary::median, false, 0.90}};
}

Readings read_rain(const Clip& clip, const world::Truth& truth, bool depicts_truth) {
  const Series drops = smoothed(drops_in(Pictures(clip.frames), clip.fps), kReach);
  const Series level = band_level(mono_samples(clip.waveform), double(clip.sample_rate), 300, 7000, /*window=*/0.05);
  const Series sound = smoothed(level, kReach);
  Readings readings;
  const std::string told = truth.objects.at(0).details.at("trend"), seen = trend_of(drops), heard = trend_of(sound);
  readings["trend seen as told"].push_back(percent_of(seen == told));
  readings["trend heard as told"].push_back(percent_of(heard == told));
  readings["same trend seen and heard"].push_back(percent_of(seen == heard));
  if (told == "steady") return readings;  // nothing varies but chance
  readings["drops and sound, correlation"].push_back(correlation(drops.values, heard_at(drops, sound)));
  if (!depicts_truth) return readings;
  std::vector<double> density;
  for (std::size_t k = 0; k < drops.values.size(); ++k) {
    density.push_back(world::value_at(*world::find_track(truth, "density"), drops.step * double(k)));
  }
  readings["drops against truth, correlation"].push_back(correlation(drops.values, density));
  return readings;
}

}  // namespace phonofilm::eval
