#include "phonofilm/eval/bar_lights.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/eval/statistics.h"
#include "phonofilm/world/tune.h"

namespace phonofilm::eval {
namespace {

constexpr double kLeastRise = 0.3;  // less is noise of a decoder
constexpr double kTogether = 0.6 * world::kNotesApart;  // seconds: closer flashes are one

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
  Values all;
  for (const BarPixel& pixel : bar) all.push_back(whiteness(picture.pixel(pixel.row, pixel.column), pixel.plain));
  return median_of(std::move(all)) / world::kStruckWhite;
}

// Every climb from a low to a high of at least kLeastRise. `light`: by frame.
std::vector<BarFlash> climbs(const std::vector<double>& light, std::int64_t bar, double fps) {
  std::vector<BarFlash> found;
  std::size_t low = 0;
  for (std::size_t k = 1; k < light.size(); ++k) {
    if (light[k] <= light[low]) low = k;
    const bool is_high = k + 1 == light.size() || light[k + 1] < light[k];
    if (!is_high || light[k] - light[low] < kLeastRise) continue;
    const double half = 0.5 * (light[low] + light[k]);
    std::size_t above = low + 1;
    while (light[above] < half) ++above;
    const double place = double(above) - (light[above] - half) / (light[above] - light[above - 1]);
    found.push_back({place / fps, bar, light[k] - light[low]});
    low = k;
  }
  return found;
}

}  // namespace

std::vector<BarFlash> find_bar_flashes(const Pictures& pictures, double fps) {
  std::vector<BarFlash> all, flashes;
  for (std::int64_t bar = 0; bar < world::kBars; ++bar) {
    const std::vector<BarPixel> pixels = pixels_of(bar, pictures);
    std::vector<double> light;
    for (std::int64_t k = 0; k < pictures.size(); ++k) light.push_back(light_of(pixels, pictures[k]));
    const std::vector<BarFlash> own = climbs(light, bar, fps);
    all.insert(all.end(), own.begin(), own.end());
  }
  std::sort(all.begin(), all.end(), [](const BarFlash& a, const BarFlash& b) { return a.time < b.time; });
  for (const BarFlash& flash : all) {
    if (flashes.empty() || flash.time - flashes.back().time > kTogether) flashes.push_back(flash);
    else if (flash.rise > flashes.back().rise) flashes.back() = flash;
  }
  return flashes;
}

}  // namespace phonofilm::eval
