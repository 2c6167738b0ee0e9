#include "phonofilm/text/windows_1252.h"

#include <algorithm>
#include <array>

namespace phonofilm::text {
namespace {

constexpr std::array<char32_t, 32> kHigh{
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
    0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

}  // namespace

char32_t windows_1252_character(unsigned char byte) { return byte >= 0x80 && byte <= 0x9F ? kHigh[byte - 0x80u] : byte; }

std::optional<unsigned char> windows_1252_byte(char32_t character) {
  if (character < 0x100) return static_cast<unsigned char>(character);
  const auto found = std::find(kHigh.begin(), kHigh.end(), character);
  if (found == kHigh.end()) return std::nullopt;
  return static_cast<unsigned char>(0x80 + (found - kHigh.begin()));
}

}  // namespace phonofilm::text
