#include "phonofilm/eval/mouth.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "phonofilm/base/random.h"
#include "phonofilm/eval/least_squares.h"
#include "phonofilm/eval/statistics.h"
#include "phonofilm/world/canvas.h"

namespace phonofilm::eval {
namespace {

// A grid of points around the mouth, in heads.
constexpr std::int64_t kColumns = 11, kRows = 9;
constexpr double kReachX = 0.165, kReachY = 0.125;
constexpr double kDarkSkin = 0.5;  // luma below which lips are lighter than the skin
constexpr double kRidge = 1.0;

struct Patch {
  std::vector<double> colors;  // less the skin's, row by row, and a constant 1
  bool dark = false;
};

// The cheeks, which no mouth reaches.
Rgb skin_of(const Picture& picture, const world::Figure& place) {
  std::vector<Rgb> colors;
  for (const double side : {-1.0, 1.0}) {
    for (const auto& [x, y] : {std::pair{0.15, 0.06}, {0.16, 0.03}, {0.13, 0.09}}) {
      colors.push_back(picture.at(place.x + side * x * place.scale, place.y + y * place.scale));
    }
  }
  return median_color(colors);
}

Patch patch_of(const Picture& picture, const world::Figure& place, const Rgb& skin) {
  Patch patch;
  patch.dark = luma(skin) < kDarkSkin;
  for (std::int64_t row = 0; row < kRows; ++row) {
    for (std::int64_t column = 0; column < kColumns; ++column) {
      const double x = kReachX * (2 * double(column) / double(kColumns - 1) - 1);
      const double y = world::kMouthBelow + kReachY * (2 * double(row) / double(kRows - 1) - 1);
      const Rgb color = picture.at(place.x + place.scale * x, place.y + place.scale * y);
      for (std::size_t c = 0; c < 3; ++c) patch.colors.push_back(color[c] - skin[c]);
    }
  }
  patch.colors.push_back(1);
  return patch;
}

// One face with its truth.
struct Example {
  Patch patch;
  double opening = 0;
  std::size_t shape = 0;
};

// 3 x 3 box, then uniform noise of `reach` levels either way, in the rows and columns that a patch is read from.
void wear(std::vector<std::uint8_t>& pixels, std::int64_t size, double reach, Random& random) {
  const std::vector<std::uint8_t> sharp = pixels;
  for (std::int64_t row = 2 * size / 5; row < 4 * size / 5; ++row) {
    for (std::int64_t column = size / 4; column < 3 * size / 4; ++column) {
      for (std::int64_t c = 0; c < 3; ++c) {
        int sum = 0;
        for (std::int64_t k = 0; k < 9; ++k) {
          sum += sharp[std::size_t(((row + k / 3 - 1) * size + column + k % 3 - 1) * 3 + c)];
        }
        const double value = sum / 9.0 + (reach > 0 ? random.uniform(-reach, reach) : 0);
        pixels[std::size_t((row * size + column) * 3 + c)] = std::uint8_t(std::clamp(value + 0.5, 0.0, 255.0));
      }
    }
  }
}

// Half of the mouths are on the way from one shape to another; the shape is the nearer one.
Example draw_example(Random& random) {
  constexpr std::int64_t kSize = 96;
  std::vector<std::uint8_t> pixels(std::size_t(kSize * kSize * 3), 150);
  world::Canvas canvas(pixels.data(), kSize, kSize);
  const std::array<std::string, 4> people{"man", "woman", "boy", "girl"};
  const world::PersonLook look = world::draw_person_look(random.pick(people), random);
  const double scale = random.uniform(0.70, 1.0), sway = world::kSway * scale;
  const world::Figure place{0.5, 0.42, scale};
  const world::Viseme &first = random.pick(world::all_visemes()), &second = random.pick(world::all_visemes());
  const double share = random.chance(0.5) ? 0 : random.uniform(0, 0.5);
  const world::MouthShape mouth = world::mix_shapes(first.shape, second.shape, share);
  const world::HeadPose pose{random.uniform(-sway, sway), random.uniform(-sway, sway)};
  world::draw_body(canvas, look, place);
  world::draw_head(canvas, look, place, pose, mouth);
  const std::int64_t blurs = random.below(3);
  for (std::int64_t i = 0; i < blurs; ++i) wear(pixels, kSize, /*reach=*/i + 1 == blurs ? 7 : 0, random);
  const auto& shapes = mouth_shapes();
  const auto shape = std::size_t(std::find(shapes.begin(), shapes.end(), mouth_shape_of(first.name)) - shapes.begin());
  const Picture picture(pixels.data(), kSize, kSize);
  return {patch_of(picture, place, skin_of(picture, place)), mouth.opening, shape};
}

// Ridge regression; a target of 1 or 0 for every shape makes the largest output the most likely shape.
std::vector<std::vector<double>> fit(const std::vector<Example>& examples, bool dark) {
  const std::size_t n = examples.front().patch.colors.size(), outputs = 1 + mouth_shapes().size();
  std::vector<double> gram(n * n, 0.0);
  std::vector<std::vector<double>> targets(outputs, std::vector<double>(n, 0.0));
  for (const Example& example : examples) {
    if (example.patch.dark != dark) continue;
    const std::vector<double>& x = example.patch.colors;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j <= i; ++j) gram[i * n + j] += x[i] * x[j];
      targets[0][i] += x[i] * example.opening;
      targets[1 + example.shape][i] += x[i];
    }
  }
  for (std::size_t i = 0; i < n; ++i) gram[i * n + i] += kRidge;
  for (auto& target : targets) target = solve_symmetric(gram, std::move(target));
  return targets;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

const std::vector<std::string>& mouth_shapes() {
  static const std::vector<std::string> kShapes{"closed", "open", "spread", "round", "narrow"};
  return kShapes;
}

std::string mouth_shape_of(const std::string& viseme) {
  static const std::map<std::string, std::string> kShapes{
      {"rest", "closed"}, {"closed", "closed"}, {"open", "open"},           {"half", "narrow"},
      {"spread", "spread"}, {"round", "round"}, {"teeth on lip", "narrow"}, {"tongue", "narrow"}};
  const auto found = kShapes.find(viseme);
  return found == kShapes.end() ? "" : found->second;
}

MouthReader::MouthReader(std::uint64_t seed, std::int64_t faces) {
  Random random(mix_seed(seed, "faces to read mouths by"));
  std::vector<Example> examples;
  for (std::int64_t i = 0; i < faces; ++i) examples.push_back(draw_example(random));
  pale_.outputs = fit(examples, /*dark=*/false);
  dark_.outputs = fit(examples, /*dark=*/true);
}

MouthCourse MouthReader::read(const Pictures& pictures, double fps, const world::Figure& place) const {
  std::vector<Rgb> skins;
  for (std::int64_t k = 0; k < pictures.size(); ++k) skins.push_back(skin_of(pictures[k], place));
  const Rgb skin = median_color(skins);
  MouthCourse course{{1 / fps, {}}, {}};
  for (std::int64_t k = 0; k < pictures.size(); ++k) {
    const Patch patch = patch_of(pictures[k], place, skin);
    const auto& outputs = (patch.dark ? dark_ : pale_).outputs;
    course.opening.values.push_back(dot(outputs[0], patch.colors));
    std::vector<double> scores;
    for (std::size_t s = 1; s < outputs.size(); ++s) scores.push_back(dot(outputs[s], patch.colors));
    const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
    course.shapes.push_back(mouth_shapes()[std::size_t(best)]);
  }
  return course;
}

}  // namespace phonofilm::eval
