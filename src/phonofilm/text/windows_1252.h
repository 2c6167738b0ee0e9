// The one-byte encoding of Western Windows, as browsers read it: Latin-1, except that 27 of the 32 control characters
// 0x80 to 0x9F are typographic characters; the other five stay what they are.
#pragma once

#include <optional>

namespace phonofilm::text {

char32_t windows_1252_character(unsigned char byte);
// The byte that shows as this character; nothing where there is none. Control characters 0x80 to 0x9F are accepted as well:
// text read as Latin-1 has them.
std::optional<unsigned char> windows_1252_byte(char32_t character);

}  // namespace phonofilm::text
