#include "phonofilm/base/untrusted_text.h"

#include <algorithm>

#include "phonofilm/base/text.h"

namespace phonofilm {
namespace {

using Byte = unsigned char;

constexpr std::size_t kLongestExcerpt = 200;

bool is_continuation(Byte byte) { return (byte & 0xC0) == 0x80; }

// Bytes of the sequence that begins with `lead`, or 0 where none may begin so.
std::size_t sequence_length(Byte lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The second byte decides whether a sequence is overlong, a surrogate or beyond U+10FFFF.
bool second_byte_fits(Byte lead, Byte second) {
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second < 0xA0;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second < 0x90;
  return true;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(Byte(text[i]));
    if (length == 0 || length > text.size() - i) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if (!is_continuation(Byte(text[i + k]))) return false;
    }
    if (length > 1 && !second_byte_fits(Byte(text[i]), Byte(text[i + 1]))) return false;
    i += length;
  }
  return true;
}

std::string excerpt(std::string_view text) {
  std::size_t end = std::min(text.size(), kLongestExcerpt);
  while (end > 0 && end < text.size() && is_continuation(Byte(text[end]))) --end;  // not in the middle of a letter
  std::string shown = printable(std::string(text.substr(0, end)));
  if (!is_utf8(shown)) {
    std::replace_if(shown.begin(), shown.end(), [](char letter) { return Byte(letter) >= 0x80; }, '?');
  }
  return end < text.size() ? shown + "..." : shown;
}

std::string in_quotes(std::string_view text) { return concat('"', excerpt(text), '"'); }

}  // namespace phonofilm
