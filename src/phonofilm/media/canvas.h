// A picture to draw on, with boxes, pasted frames and small text. Private to media/.
#pragma once

#include <array>
#include <string_view>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::media {

using Color = std::array<std::uint8_t, 3>;

inline constexpr Color kBackground = {16, 17, 22}, kText = {214, 216, 222}, kQuietText = {140, 144, 156},
                       kRule = {66, 69, 80}, kWhite = {255, 255, 255}, kGreen = {92, 232, 130};

enum class Align { left, center, right };

class Canvas {
 public:
  Canvas(std::int64_t height, std::int64_t width, Color background = kBackground);

  std::int64_t height() const { return image_.size(0); }
  std::int64_t width() const { return image_.size(1); }
  // Everything is clipped to the canvas. opacity 1 covers, 0 leaves the ground as it is.
  void fill(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height, Color color, double opacity = 1);
  void paste(std::int64_t x, std::int64_t y, const Tensor& image);  // [H, W, 3] uint8
  // A solid triangle with its point at (x, y), opening upwards or downwards.
  void arrow(std::int64_t x, std::int64_t y, std::int64_t size, bool opens_up, Color color);
  // (x, y): top of the capital letters, at the left edge, centre or right edge of the text. `size`: pixels per dot of
  // the font.
  void text(std::int64_t x, std::int64_t y, std::string_view text, Color color, int size, Align align = Align::left);

  static std::int64_t text_width(std::string_view text, int size);
  static std::int64_t text_height(int size);  // of capital letters

  Tensor image() const { return image_; }

 private:
  void blend(std::int64_t x, std::int64_t y, Color color, double opacity);
  Tensor image_;
};

}  // namespace phonofilm::media
