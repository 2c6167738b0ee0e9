#include "phonofilm/text/unicode.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "phonofilm/base/error.h"

namespace phonofilm::text {
namespace {

const utf8proc_uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const utf8proc_uint8_t*>(text.data()); }

std::u32string normalize(std::u32string_view characters, int options) {
  const std::string utf8 = encode_utf8(characters);
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(bytes_of(utf8), utf8proc_ssize_t(utf8.size()), &mapped,
                                             utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE | options));
  PF_CHECK(size >= 0, InvalidRequest, "text", "Unicode normalisation failed: ", utf8proc_errmsg(size));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  return decode_utf8({reinterpret_cast<const char*>(mapped), size_t(size)});
}

}  // namespace

std::u32string decode_utf8(std::string_view utf8) {
  std::u32string characters;
  characters.reserve(utf8.size());
  for (size_t at = 0; at < utf8.size();) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(bytes_of(utf8) + at, utf8proc_ssize_t(utf8.size() - at), &character);
    PF_CHECK(used > 0, InvalidRequest, "text", "not valid UTF-8 at byte ", at + 1, " (value ",
             int(static_cast<unsigned char>(utf8[at])), "): save or send the text as UTF-8");
    characters += char32_t(character);
    at += size_t(used);
  }
  return characters;
}

std::string encode_utf8(std::u32string_view characters) {
  std::string utf8;
  utf8.reserve(characters.size());
  for (const char32_t character : characters) {
    utf8proc_uint8_t buffer[4];
    const utf8proc_ssize_t size = utf8proc_encode_char(utf8proc_int32_t(character), buffer);
    utf8.append(reinterpret_cast<const char*>(buffer), size_t(size));
  }
  return utf8;
}

std::u32string normalize_nfc(std::u32string_view characters) { return normalize(characters, 0); }

std::u32string compatibility_form(char32_t character) { return normalize({&character, 1}, UTF8PROC_COMPAT); }

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_uppercase(char32_t character) { return utf8proc_category(utf8proc_int32_t(character)) == UTF8PROC_CATEGORY_LU; }

bool is_lowercase(char32_t character) { return utf8proc_category(utf8proc_int32_t(character)) == UTF8PROC_CATEGORY_LL; }

}  // namespace phonofilm::text
