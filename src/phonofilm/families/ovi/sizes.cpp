#include "phonofilm/families/ovi/sizes.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "phonofilm/base/error.h"

namespace phonofilm::ovi {
namespace {

constexpr std::int64_t kUnit = 32, kReach = 3;

std::int64_t rounded(double value) { return std::int64_t(std::nearbyint(value)); }  // half to even

std::int64_t snapped(double side) { return std::max(kUnit, kUnit * rounded(side / double(kUnit))); }

void check(const PictureSize& size) {
  PF_CHECK(size.height > 0 && size.width > 0, InvalidRequest, "generate", "a picture of ", size.height, "x", size.width,
           " pixels cannot be made");
}

}  // namespace

PictureSize snap(const PictureSize& asked) {
  check(asked);
  return {snapped(double(asked.height)), snapped(double(asked.width))};
}

PictureSize snap_to_area(const PictureSize& asked, std::int64_t area) {
  check(asked);
  const double scale = std::sqrt(double(area) / (double(asked.height) * double(asked.width)));
  // The publisher rounds the scaled side to a pixel first, then to a multiple: twice.
  return {snapped(double(rounded(double(asked.height) * scale))), snapped(double(rounded(double(asked.width) * scale)))};
}

PictureSize size_for_image(const PictureSize& image, std::int64_t area) {
  check(image);
  const double ratio = double(image.width) / double(image.height);
  const std::int64_t middle = rounded(std::sqrt(double(area / (kUnit * kUnit)) / ratio));
  std::vector<PictureSize> candidates;
  for (std::int64_t p = middle - kReach; p <= middle + kReach; ++p) {
    const std::int64_t rows = std::max<std::int64_t>(1, p), columns = std::max<std::int64_t>(1, rounded(double(rows) * ratio));
    candidates.push_back({kUnit * rows, kUnit * columns});
  }
  candidates.push_back(snap_to_area(image, area));
  const auto distance = [&](const PictureSize& s) {
    return std::pair(std::abs(s.height * s.width - area), std::abs(double(s.width) / double(s.height) - ratio));
  };
  return *std::min_element(candidates.begin(), candidates.end(),
                           [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
}

}  // namespace phonofilm::ovi
