// Hashes and comparisons for keys, through libcrypto.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace phonofilm::server {

std::string sha256_hex(std::string_view text);
// In time that does not depend on where the two differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);
// `bytes` of the system's randomness as hexadecimal digits. Throws ResourceError where there is none.
std::string random_hex(int bytes);
// RFC 4648, with padding and nothing else between. None for what is damaged.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace phonofilm::server
