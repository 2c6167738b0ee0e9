// Text that comes out of a file of unknown origin.
#pragma once

#include <string>
#include <string_view>

namespace phonofilm {

// Well-formed UTF-8: no stray or overlong sequences, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

// Fit for a message: at most 200 bytes, without anything that could steer a terminal or spoil a log's encoding.
std::string excerpt(std::string_view text);

// The same between double quotes.
std::string in_quotes(std::string_view text);

}  // namespace phonofilm
