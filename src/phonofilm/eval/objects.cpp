#include "phonofilm/eval/objects.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "phonofilm/base/error.h"
#include "phonofilm/eval/statistics.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/world/world.h"

namespace phonofilm::eval {
namespace {

// Saturation (max - min of RGB, 0 to 255) below the first is grey; the weight grows no further past the second step,
// so that light and shade on the object hardly move its centre.
constexpr int kGrey = 41, kFullWeight = 51;

struct Point {
  double x = 0, y = 0;
};

struct ColoredPixel {
  Point at;           // heights
  float weight = 0;   // 0 to 1
  std::int8_t color;  // index into world::colors()
};
using ColoredFrame = std::vector<ColoredPixel>;

double distance(const Point& a, const Point& b) { return std::hypot(a.x - b.x, a.y - b.y); }

// Hue in turns, 0 to 1 (red 0, green 1/3, blue 2/3), of the hexagonal colour circle.
double hue_of(double red, double green, double blue) {
  const double high = std::max({red, green, blue}), low = std::min({red, green, blue}), span = high - low;
  if (span <= 0) return 0;
  const double sextant = high == red     ? (green - blue) / span
                         : high == green ? 2 + (blue - red) / span
                                         : 4 + (red - green) / span;
  return (sextant < 0 ? sextant + 6 : sextant) / 6;
}

std::int8_t nearest_color(double hue, const std::vector<double>& palette) {
  std::size_t nearest = 0;
  double least = 2;
  for (std::size_t c = 0; c < palette.size(); ++c) {
    const double apart = std::abs(hue - palette[c]), around = std::min(apart, 1 - apart);
    if (around < least) least = around, nearest = c;
  }
  return std::int8_t(nearest);
}

std::vector<double> palette_hues() {
  std::vector<double> hues;
  for (const world::NamedColor& color : world::colors()) hues.push_back(hue_of(color.red, color.green, color.blue));
  return hues;
}

ColoredFrame colored_pixels(const std::uint8_t* rgb, std::int64_t height, std::int64_t width,
                            const std::vector<double>& palette) {
  ColoredFrame pixels;
  for (std::int64_t row = 0; row < height; ++row) {
    for (std::int64_t column = 0; column < width; ++column, rgb += 3) {
      const int high = std::max({rgb[0], rgb[1], rgb[2]}), low = std::min({rgb[0], rgb[1], rgb[2]});
      if (high - low <= kGrey) continue;
      const float weight = float(std::min(high - low - kGrey, kFullWeight)) / float(kFullWeight);
      const Point at{(double(column) + 0.5) / double(height), (double(row) + 0.5) / double(height)};
      pixels.push_back({at, weight, nearest_color(hue_of(rgb[0], rgb[1], rgb[2]), palette)});
    }
  }
  return pixels;
}

double weighted_median(std::vector<std::pair<double, double>> value_and_weight) {
  std::sort(value_and_weight.begin(), value_and_weight.end());
  double total = 0, sum = 0;
  for (const auto& [value, weight] : value_and_weight) total += weight;
  for (const auto& [value, weight] : value_and_weight) {
    sum += weight;
    if (sum >= 0.5 * total) return value;
  }
  return 0;
}

// One colour's rough whereabouts: the median pixel per frame, robust to speckles elsewhere.
struct Blob {
  std::int8_t color = 0;
  double mass = 0;                          // over the film
  std::vector<double> frame_mass;           // sum of the pixel weights
  std::vector<std::optional<Point>> place;  // none where the colour is hardly there
};

Blob blob_of(const std::vector<ColoredFrame>& film, std::int8_t color) {
  Blob blob;
  blob.color = color;
  for (const ColoredFrame& frame : film) {
    std::vector<std::pair<double, double>> xs, ys;
    double mass = 0;
    for (const ColoredPixel& pixel : frame) {
      if (pixel.color != color) continue;
      xs.emplace_back(pixel.at.x, pixel.weight), ys.emplace_back(pixel.at.y, pixel.weight);
      mass += pixel.weight;
    }
    blob.frame_mass.push_back(mass);
    blob.mass += mass;
    blob.place.push_back(xs.empty() ? std::nullopt : std::optional(Point{weighted_median(xs), weighted_median(ys)}));
  }
  const double usual = median_of(blob.frame_mass);
  for (std::size_t f = 0; f < film.size(); ++f) {
    if (blob.frame_mass[f] < 0.2 * usual || blob.frame_mass[f] < 2) blob.place[f].reset();
  }
  return blob;
}

// Whether the two are mostly there together and then apart by more than a ball's width.
bool elsewhere(const Blob& blob, const Blob& other) {
  constexpr double kApart = 0.15;  // heights
  std::vector<double> distances;
  for (std::size_t f = 0; f < blob.place.size(); ++f) {
    if (blob.place[f] && other.place[f]) distances.push_back(distance(*blob.place[f], *other.place[f]));
  }
  return double(distances.size()) > 0.3 * double(blob.place.size()) && median_of(distances) > kApart;
}

std::vector<Blob> choose_blobs(const std::vector<ColoredFrame>& film, std::size_t colors, std::size_t most) {
  std::vector<Blob> blobs, chosen;
  for (std::size_t color = 0; color < colors; ++color) blobs.push_back(blob_of(film, std::int8_t(color)));
  std::stable_sort(blobs.begin(), blobs.end(), [](const Blob& a, const Blob& b) { return a.mass > b.mass; });
  constexpr double kLeastShare = 0.12;  // of the largest object's mass
  for (const Blob& blob : blobs) {
    const bool large = blob.mass > 2 * double(film.size()) && blob.mass > kLeastShare * blobs.front().mass;
    const bool apart = std::all_of(chosen.begin(), chosen.end(), [&](const Blob& c) { return elsewhere(blob, c); });
    if (large && apart && chosen.size() < most) chosen.push_back(blob);
  }
  return chosen;
}

double disc_radius(double mass, double pixel_height) { return std::sqrt(mass / std::numbers::pi) * pixel_height; }

// Follows the chosen objects: every coloured pixel, whatever its hue, belongs to the nearest of them within reach.
class Follower {
 public:
  Follower(const std::vector<ColoredFrame>& film, const std::vector<Blob>& blobs, double pixel_height)
      : film_(film), blobs_(blobs) {
    for (const Blob& blob : blobs) {
      reach_.push_back(1.7 * disc_radius(median_of(blob.frame_mass), pixel_height) + 2 * pixel_height);
      Point first{0.5, 0.5};
      for (auto place = blob.place.rbegin(); place != blob.place.rend(); ++place) first = place->value_or(first);
      centres_.push_back(first);
    }
  }

  // Centre of mass and mass of every object in frame f, gathered around the blob's place (or the last known one).
  void step(std::size_t f, std::vector<Track>& tracks, std::vector<std::vector<double>>& masses) {
    for (std::size_t o = 0; o < blobs_.size(); ++o) centres_[o] = blobs_[o].place[f].value_or(centres_[o]);
    std::vector<double> mass(blobs_.size(), 0);
    for (int round = 0; round < 2; ++round) gather(film_[f], mass);
    for (std::size_t o = 0; o < blobs_.size(); ++o) {
      tracks[o].x.push_back(centres_[o].x), tracks[o].y.push_back(centres_[o].y);
      masses[o].push_back(mass[o]);
    }
  }

 private:
  void gather(const ColoredFrame& frame, std::vector<double>& mass) {
    std::vector<Point> sums(blobs_.size());
    std::fill(mass.begin(), mass.end(), 0.0);
    for (const ColoredPixel& pixel : frame) {
      std::size_t nearest = 0;
      for (std::size_t o = 1; o < centres_.size(); ++o) {
        if (distance(pixel.at, centres_[o]) < distance(pixel.at, centres_[nearest])) nearest = o;
      }
      if (distance(pixel.at, centres_[nearest]) > reach_[nearest]) continue;
      sums[nearest].x += pixel.weight * pixel.at.x, sums[nearest].y += pixel.weight * pixel.at.y;
      mass[nearest] += pixel.weight;
    }
    for (std::size_t o = 0; o < centres_.size(); ++o) {
      if (mass[o] > 0) centres_[o] = {sums[o].x / mass[o], sums[o].y / mass[o]};
    }
  }

  const std::vector<ColoredFrame>& film_;
  const std::vector<Blob>& blobs_;
  std::vector<Point> centres_;
  std::vector<double> reach_;  // heights from the centre within which a pixel counts
};

std::vector<Track> follow(const std::vector<ColoredFrame>& film, const std::vector<Blob>& blobs, double fps,
                          double pixel_height, double picture_width) {
  std::vector<Track> tracks(blobs.size());
  std::vector<std::vector<double>> masses(blobs.size());
  Follower follower(film, blobs, pixel_height);
  for (std::size_t f = 0; f < film.size(); ++f) follower.step(f, tracks, masses);
  for (std::size_t o = 0; o < blobs.size(); ++o) {
    const double usual = median_of(masses[o]);
    tracks[o].color = world::colors()[std::size_t(blobs[o].color)].name;
    tracks[o].radius = disc_radius(usual, pixel_height);
    tracks[o].picture_width = picture_width;
    for (std::size_t f = 0; f < film.size(); ++f) {
      const double share = usual > 0 ? std::min(1.0, masses[o][f] / usual) : 0;
      tracks[o].seen.push_back(share < 0.25 ? 0 : share);
      tracks[o].time.push_back(double(f) / fps);
    }
  }
  return tracks;
}

}  // namespace

std::vector<Track> find_objects(const Tensor& frames, double fps, std::int64_t most) {
  expect_shape(frames, {kAny, kAny, kAny, 3}, "find_objects: frames");
  PF_CHECK(frames.scalar_type() == at::kByte, ShapeError, "find_objects", "frames must be uint8");
  const Tensor bytes = frames.contiguous().cpu();
  const std::int64_t count = bytes.size(0), height = bytes.size(1), width = bytes.size(2);
  const std::vector<double> palette = palette_hues();
  std::vector<ColoredFrame> film;
  for (std::int64_t f = 0; f < count; ++f) {
    film.push_back(
        colored_pixels(bytes.const_data_ptr<std::uint8_t>() + f * height * width * 3, height, width, palette));
  }
  const std::vector<Blob> blobs = choose_blobs(film, palette.size(), std::size_t(most));
  if (blobs.empty()) return {};
  return follow(film, blobs, fps, 1.0 / double(height), double(width) / double(height));
}

}  // namespace phonofilm::eval
