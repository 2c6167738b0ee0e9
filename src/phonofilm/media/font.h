// A small dot font: letters, digits and common marks, five columns wide. Private to media/.
#pragma once

#include <array>
#include <string_view>

namespace phonofilm::media {

inline constexpr int kGlyphColumns = 5, kGlyphRows = 9, kCapitalRows = 7;  // two rows below the line

using Glyph = std::array<std::string_view, kGlyphRows>;  // '#' is ink

// The glyph of an ASCII letter; anything unknown is a hollow box.
const Glyph& glyph_of(char letter);

}  // namespace phonofilm::media
