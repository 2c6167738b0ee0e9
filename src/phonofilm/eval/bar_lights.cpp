#include "phonofilm/eval/bar_lights.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/world/tune.h"

namespace phonofilm::eval {
namespace {

constexpr double kWhitest = 0.75;   // of white in the colour of a bar that has just been struck
constexpr double kLeastRise = 0.2;  // of which less is noise of a decoder

struct BarPixel {
  std::int64_t row = 0, column = 0;
  Rgb plain;  // its colour most of the time
};

// The inner part of a bar; at its rim it moves with the decoder.
std::vector<BarPixel> pixels_of(std::int64_t bar, const Pictures& pictures) {
  const Picture picture = pictures[0];
  const double pixel = 1 / double(picture.height()), x = world::bar_x(bar, picture.aspect());
  const double half = 0.8 * world::bar_half_width(picture.aspect()), length = 0.9 * world::bar_half_length(bar);
  std::vector<BarPixel> pixels;
  for (std::int64_t row = 0; row < picture.height(); ++row) {
    for (std::int64_t column = 0; column < picture.width(); ++column) {
      const double px = (double(column) + 0.5) * pixel, py = (double(row) + 0.5) * pixel;
      if (std::abs(px - x) > half || std::abs(py - world::kBarMiddle) > length) continue;
      pixels.push_back({row, column, pictures.median_color(row, column)});
    }
  }
  return pixels;
}

// The way from its own colour to white that a pixel has gone.
double whiteness(const Rgb& color, const Rgb& plain) {
  double gone = 0, way = 0;
  for (std::size_t c = 0; c < 3; ++c) gone += color[c] - plain[c], way += 1 - plain[c];
  return way > 0.05 ? gone / way : 0;
}

// The median over its pixels: the mallet hides fewer than half of them.
double light_of(const std::vector<BarPixel>& bar, const Picture& picture) {
  std::vector<double> all;
  for (const BarPixel& pixel : bar) all.push_back(whiteness(picture.pixel(pixel.row, pixel.column), pixel.plain));
  if (all.empty()) return 0;
  std::nth_element(all.begin(), all.begin() + std::int64_t(all.size() / 2), all.end());
  return all[all.size() / 2] / kWhitest;
}

}  // namespace

BarLights::BarLights(const Pictures& pictures, double fps) : fps_(fps) {
  for (std::int64_t bar = 0; bar < world::kBars; ++bar) {
    const std::vector<BarPixel> pixels = pixels_of(bar, pictures);
    std::vector<double> light;
    for (std::int64_t k = 0; k < pictures.size(); ++k) light.push_back(light_of(pixels, pictures[k]));
    lights_.push_back(std::move(light));
  }
}

double BarLights::rise(std::int64_t bar, double time) const {
  const std::vector<double>& light = lights_[std::size_t(bar)];
  const auto at = [&](std::int64_t frame) {
    return light[std::size_t(std::clamp<std::int64_t>(frame, 0, std::int64_t(light.size()) - 1))];
  };
  const auto frame = std::int64_t(std::lround(time * fps_));
  return std::max(at(frame), at(frame + 1)) - at(frame - 2);
}

std::optional<std::int64_t> BarLights::lit_at(double time) const {
  std::int64_t most = 0;
  for (std::int64_t bar = 1; bar < world::kBars; ++bar) {
    if (rise(bar, time) > rise(most, time)) most = bar;
  }
  if (rise(most, time) < kLeastRise) return std::nullopt;
  return most;
}

}  // namespace phonofilm::eval
