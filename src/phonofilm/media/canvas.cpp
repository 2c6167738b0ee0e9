#include "phonofilm/media/canvas.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/media/font.h"
#include "phonofilm/media/pixels.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::media {
namespace {

constexpr int kAdvance = kGlyphColumns + 1;

// The dots of a glyph, 0 outside of it.
double dot(const Glyph& glyph, std::int64_t row, std::int64_t column) {
  const bool inside = row >= 0 && row < kGlyphRows && column >= 0 && column < kGlyphColumns;
  if (!inside || glyph[size_t(row)].empty()) return 0;
  return glyph[size_t(row)][size_t(column)] == '#' ? 1 : 0;
}

// Ink at a place between the dots (in dots, 0.5 is the middle of the first): the bilinear mean with a steep
// threshold, which rounds the corners of the dots.
double ink(const Glyph& glyph, double y, double x) {
  const double row = std::floor(y - 0.5), column = std::floor(x - 0.5);
  const double down = y - 0.5 - row, right = x - 0.5 - column;
  const auto at = [&](int below, int beside) {
    return dot(glyph, std::int64_t(row) + below, std::int64_t(column) + beside);
  };
  const double mean = (1 - down) * ((1 - right) * at(0, 0) + right * at(0, 1)) +
                      down * ((1 - right) * at(1, 0) + right * at(1, 1));
  return std::clamp((mean - 0.25) * 2.5, 0.0, 1.0);
}

}  // namespace

Canvas::Canvas(std::int64_t height, std::int64_t width, Color background)
    : image_(at::empty({height, width, 3}, at::kByte)) {
  fill(0, 0, width, height, background);
}

void Canvas::blend(std::int64_t x, std::int64_t y, Color color, double opacity) {
  if (x < 0 || y < 0 || x >= width() || y >= height()) return;
  std::uint8_t* pixel = image_.data_ptr<std::uint8_t>() + (y * width() + x) * 3;
  for (size_t channel = 0; channel < 3; ++channel) {
    pixel[channel] = std::uint8_t(std::lround(pixel[channel] * (1 - opacity) + color[channel] * opacity));
  }
}

void Canvas::fill(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height, Color color,
                  double opacity) {
  for (std::int64_t row = y; row < y + height; ++row) {
    for (std::int64_t column = x; column < x + width; ++column) blend(column, row, color, opacity);
  }
}

void Canvas::paste(std::int64_t x, std::int64_t y, const Tensor& image) {
  expect_image(image, "draw picture");
  const std::int64_t left = std::max<std::int64_t>(x, 0), top = std::max<std::int64_t>(y, 0);
  const std::int64_t columns = std::min(x + image.size(1), width()) - left;
  const std::int64_t rows = std::min(y + image.size(0), height()) - top;
  if (columns <= 0 || rows <= 0) return;
  image_.narrow(0, top, rows).narrow(1, left, columns)
      .copy_(image.narrow(0, top - y, rows).narrow(1, left - x, columns));
}

void Canvas::arrow(std::int64_t x, std::int64_t y, std::int64_t size, bool opens_up, Color color) {
  for (std::int64_t step = 0; step < size; ++step) {
    const std::int64_t half = step / 2;
    fill(x - half, opens_up ? y - step : y + step, 2 * half + 1, 1, color);
  }
}

void Canvas::text(std::int64_t x, std::int64_t y, std::string_view text, Color color, int size, Align align) {
  if (align == Align::center) x -= text_width(text, size) / 2;
  if (align == Align::right) x -= text_width(text, size);
  for (const char letter : text) {
    const Glyph& glyph = glyph_of(letter);
    for (int row = -1; row < (kGlyphRows + 1) * size; ++row) {
      for (int column = -1; column < (kGlyphColumns + 1) * size; ++column) {
        const double amount = ink(glyph, (row + 0.5) / size, (column + 0.5) / size);
        if (amount > 0) blend(x + column, y + row, color, amount);
      }
    }
    x += kAdvance * size;
  }
}

std::int64_t Canvas::text_width(std::string_view text, int size) {
  return text.empty() ? 0 : (std::int64_t(text.size()) * kAdvance - 1) * size;
}

std::int64_t Canvas::text_height(int size) { return kCapitalRows * size; }

}  // namespace phonofilm::media
