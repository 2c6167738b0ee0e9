// Text as Unicode characters: strict UTF-8 in and out, normalisation, and what counts as white space.
#pragma once

#include <string>
#include <string_view>

namespace phonofilm::text {

// Throws InvalidRequest, naming the byte, for anything that is not well-formed UTF-8 (surrogates and overlong forms too).
std::u32string decode_utf8(std::string_view utf8);
std::string encode_utf8(std::u32string_view characters);

// Unicode normalisation form C (characters composed); of assigned characters only, others stay as they are.
std::u32string normalize_nfc(std::u32string_view characters);
// Form KC of one character: what a full-width or other compatibility form stands for.
std::u32string compatibility_form(char32_t character);

// What Python's str.isspace() and the \s of its regular expressions accept.
bool is_space(char32_t character);
bool is_uppercase(char32_t character);
bool is_lowercase(char32_t character);
inline bool is_letter_with_case(char32_t character) { return is_uppercase(character) || is_lowercase(character); }

}  // namespace phonofilm::text
